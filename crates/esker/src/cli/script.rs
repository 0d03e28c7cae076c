//! Commands from standard input, line by line.

use std::io::BufRead;

use super::runner::{Runner, Stop};
use super::{help, typed};

/// Runs them to the end of the input, or to `quit`.
pub fn run(mut runner: Runner) -> Result<(), Stop> {
    runner.connect()?;
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(Stop::Input)? == 0 {
            return Ok(());
        }
        let Some(typed) = typed::parse(&line) else {
            runner.output.print_line("Invalid argument(s)").map_err(Stop::Output)?;
            if runner.exits_on_error {
                return Err(Stop::Error("Invalid argument(s)".to_owned()));
            }
            continue;
        };
        let Some((name, arguments)) = typed.words.split_first() else { continue };
        match name.to_ascii_lowercase().as_slice() {
            b"quit" | b"exit" => return Ok(()),
            b"help" => runner.output.print_line(&help::about(arguments)).map_err(Stop::Output)?,
            _ => runner.repeat(&typed.words, typed.repeat)?,
        }
    }
}
