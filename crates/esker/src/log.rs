//! The log: structured, levelled, one line an event, to standard error or a file.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::sync::Mutex;

use config::Settings;
use config::table::process::LogLevel;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Begins to log as the settings say.
pub fn start(settings: &Settings) -> io::Result<()> {
    let level = level(settings);
    // What cannot be logged, as on a full disk, is not worth the panic that a complaint on standard error may end in.
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_timer(SystemTime)
        .with_target(false)
        .log_internal_errors(false);
    let path = &settings.process.logfile;
    if path.as_os_str().is_empty() {
        builder.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).init();
    } else {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        builder.with_ansi(false).with_writer(Mutex::new(file)).init();
    }
    Ok(())
}

/// Redis' levels, with its default, `notice`, between the field's `info` and `warn`.
fn level(settings: &Settings) -> LevelFilter {
    match settings.process.loglevel {
        LogLevel::Debug => LevelFilter::TRACE,
        LogLevel::Verbose => LevelFilter::DEBUG,
        LogLevel::Notice => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Nothing => LevelFilter::OFF,
    }
}
