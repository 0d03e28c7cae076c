//! The developer's tools, run as `cargo xtask TOOL`. One module each; none is part of the program.

mod bench;
mod compatibility;
mod reference;

use std::process::ExitCode;

const HELP: &str = "\
The developer's tools. Usage: cargo xtask TOOL [OPTION...]

  bench          Speed, memory and stalls beside Redis and Valkey; writes bench/
  compatibility  Valkey's own test suite against Esker; writes docs/compatibility.md
  reference      Writes docs/ from the tables in the code, or checks that it is current

cargo xtask TOOL --help tells more.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("bench") => bench::run(arguments),
        Some("compatibility") => compatibility::run(arguments),
        Some("reference") => reference::run(arguments),
        Some("--help" | "-h" | "help") => {
            print!("{HELP}");
            Ok(())
        }
        Some(unknown) => Err(std::io::Error::other(format!("no tool named {unknown:?}\n\n{HELP}"))),
        None => Err(std::io::Error::other(HELP)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
