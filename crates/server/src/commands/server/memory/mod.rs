//! MEMORY: how much memory is used, and for what.

pub(super) mod doctor;
pub(super) mod help;
pub(super) mod malloc_stats;
pub(super) mod purge;
pub(super) mod stats;
pub(super) mod usage;

use commands::prelude::*;

command! {
    name: "memory",
    group: Server,
    since: "4.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for memory diagnostics commands.",
    handler: Container,
    subcommands: [
        doctor::COMMAND,
        help::COMMAND,
        malloc_stats::COMMAND,
        purge::COMMAND,
        stats::COMMAND,
        usage::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
