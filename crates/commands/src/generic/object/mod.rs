//! OBJECT: how a value is held.

mod encoding;
mod freq;
mod help;
mod idletime;
mod refcount;

use crate::prelude::*;

command! {
    name: "object",
    group: Generic,
    since: "2.2.3",
    complexity: "Depends on subcommand.",
    summary: "A container for object introspection commands.",
    handler: Container,
    subcommands: [encoding::COMMAND, freq::COMMAND, help::COMMAND, idletime::COMMAND, refcount::COMMAND],
    examples: "",
}

#[derive(Args)]
struct Args {}
