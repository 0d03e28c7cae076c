//! SCRIPT: the cache of scripts, and the script that runs.

pub(super) mod debug;
pub(super) mod exists;
pub(super) mod flush;
pub(super) mod help;
pub(super) mod kill;
pub(super) mod load;
pub(super) mod show;

use commands::prelude::*;

command! {
    name: "script",
    group: Scripting,
    since: "2.6.0",
    complexity: "Depends on subcommand.",
    summary: "A container for Lua scripts management commands.",
    handler: Container,
    subcommands: [
        debug::COMMAND,
        exists::COMMAND,
        flush::COMMAND,
        help::COMMAND,
        kill::COMMAND,
        load::COMMAND,
        show::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
