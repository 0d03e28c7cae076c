//! FUNCTION: libraries of functions, and the function that runs.

pub(super) mod delete;
pub(super) mod dump;
pub(super) mod flush;
pub(super) mod help;
pub(super) mod kill;
pub(super) mod list;
pub(super) mod load;
pub(super) mod restore;
pub(super) mod stats;

use commands::prelude::*;

command! {
    name: "function",
    group: Scripting,
    since: "7.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for function commands.",
    handler: Container,
    subcommands: [
        delete::COMMAND,
        dump::COMMAND,
        flush::COMMAND,
        help::COMMAND,
        kill::COMMAND,
        list::COMMAND,
        load::COMMAND,
        restore::COMMAND,
        stats::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
