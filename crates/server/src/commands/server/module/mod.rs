//! MODULE: there are none, and clients that ask which are told so.

pub(super) mod help;
pub(super) mod list;

use commands::prelude::*;

command! {
    name: "module",
    group: Server,
    since: "4.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for module commands.",
    handler: Container,
    subcommands: [
        help::COMMAND,
        list::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
