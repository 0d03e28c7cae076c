//! `esker cli`: a prompt for talking to a server, and the same for scripts.
//!
//! It takes redis-cli's options and prints replies as redis-cli does, so that hands and scripts need not learn
//! anew; what it says of commands (completion, hints, `help`) comes from the declarations in the code. It blocks
//! on one connection and needs no runtime.
//!
//! - [`options`]: the command line. [`uri`]: `redis://…`.
//! - [`connection`]: bytes to a server and replies from it. [`session`]: what a person has told the server and
//!   wants back after a reconnect: the password, the protocol, the database. [`tls`]: encryption.
//! - [`runner`]: runs a command and prints what comes, once or again and again. [`output`]: how, also as [`json`] and
//!   [`csv`]. [`pipe`]: requests that were written elsewhere.
//! - [`prompt`]: the interactive loop; [`script`]: the loop without a person.
//! - [`typed`]: a line as words. [`catalogue`], [`hints`], [`completion`], [`help`]: what the declarations say
//!   about it. [`history`]: which lines are remembered, and which never.
//!
//! It promises that a password is never written to the history, that a command is sent once at most, whatever
//! happens to the connection, and that nothing runs in another database than the prompt shows.

mod catalogue;
mod completion;
mod connection;
mod csv;
mod help;
mod hints;
mod history;
mod interrupt;
mod json;
mod options;
mod output;
mod pipe;
mod prompt;
mod runner;
mod script;
mod session;
mod tls;
mod typed;
mod uri;

use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use self::options::{Input, Options, Request};
use self::output::{Output, Style};
use self::runner::{Runner, Stop};
use self::session::{Protocol, Session};
use self::tls::Encryption;

/// Runs the client.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let password = std::env::var_os("REDISCLI_AUTH").map(OsString::into_vec);
    let options = match options::parse(arguments, password) {
        Ok(Request::Run(options)) => *options,
        Ok(Request::Help) => return say(options::HELP),
        Ok(Request::Version) => return say(&format!("esker {}\n", env!("CARGO_PKG_VERSION"))),
        Err(problem) => {
            eprintln!("{problem}\nSee esker cli --help.");
            return ExitCode::FAILURE;
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has had enough.
        Err(Stop::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(problem) = stop.problem() {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Prints what was asked for; with nobody to read it that is no failure.
fn say(text: &str) -> ExitCode {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    ExitCode::SUCCESS
}

fn run(mut options: Options) -> Result<(), Stop> {
    if options.is_password_on_command_line && !options.hides_auth_warning {
        eprintln!(
            "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe."
        );
    }
    if options.asks_password {
        let login = options.login.get_or_insert_default();
        login.password = prompt::ask_password().map_err(Stop::Input)?;
    }
    let style = options.style.unwrap_or_else(Style::of_stdout);
    // Scripts are written for the lines that RESP2's replies make.
    let protocol = options.protocol.unwrap_or(match style {
        Style::Formatted | Style::Json if !options.pipes => Protocol::Resp3IfKnown,
        _ => Protocol::Resp2,
    });
    let encryption = options.tls.map(Encryption::new).transpose().map_err(Stop::Connection)?;
    let mut session = Session::new(
        options.target,
        encryption,
        options.login,
        protocol,
        options.database,
        options.connect_timeout,
    );
    if options.pipes {
        return pipe::run(&mut session, options.pipe_patience);
    }
    let output = Output { style, delimiter: options.delimiter };
    let mut runner = Runner::new(session, output, options.interval);
    runner.exits_on_error = options.exits_on_error;
    runner.shows_pushes = options.shows_pushes.unwrap_or(style == Style::Formatted);
    if options.words.is_empty() {
        return if std::io::stdin().is_terminal() { prompt::run(runner) } else { script::run(runner) };
    }
    let mut words = options.words;
    match options.input {
        Input::None => {}
        Input::LastArgument => words.push(read_input()?),
        Input::Tagged(tag) => {
            let place = words.iter_mut().find(|word| **word == tag);
            *place.ok_or(Stop::Usage("no argument is the tag that -X names"))? = read_input()?;
        }
    }
    runner.connect()?;
    runner.repeat(&words, options.repeat)
}

fn read_input() -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(Stop::Input)?;
    Ok(bytes)
}
