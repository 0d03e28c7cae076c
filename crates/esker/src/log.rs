//! The log: structured, levelled, one line an event, to standard error or a file.

use std::fs::OpenOptions;
use std::io;
use std::sync::Mutex;

use config::Settings;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Begins to log as the settings say.
pub fn start(settings: &Settings) -> io::Result<()> {
    let level = level(settings);
    let builder = tracing_subscriber::fmt().with_max_level(level).with_timer(SystemTime).with_target(false);
    match settings.process.logfile.as_ref() {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            builder.with_ansi(false).with_writer(Mutex::new(file)).init();
        }
        None => builder.with_writer(io::stderr).init(),
    }
    Ok(())
}

/// Redis' levels, with its default, `notice`, between the field's `info` and `warn`.
fn level(settings: &Settings) -> LevelFilter {
    match settings.process.loglevel {
        config::LogLevel::Debug => LevelFilter::TRACE,
        config::LogLevel::Verbose => LevelFilter::DEBUG,
        config::LogLevel::Notice => LevelFilter::INFO,
        config::LogLevel::Warning => LevelFilter::WARN,
        config::LogLevel::Nothing => LevelFilter::OFF,
    }
}
