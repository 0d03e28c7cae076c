//! SLOWLOG: the commands that took long.

pub(super) mod get;
pub(super) mod help;
pub(super) mod len;
pub(super) mod reset;

use commands::prelude::*;

command! {
    name: "slowlog",
    group: Server,
    since: "2.2.12",
    complexity: "Depends on subcommand.",
    summary: "A container for slow log commands.",
    handler: Container,
    subcommands: [get::COMMAND, help::COMMAND, len::COMMAND, reset::COMMAND],
    examples: "",
}

#[derive(Args)]
struct Args {}
