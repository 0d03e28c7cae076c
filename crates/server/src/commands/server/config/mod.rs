//! CONFIG: the directives of redis.conf, while the server runs.

pub(super) mod get;
pub(super) mod help;
pub(super) mod resetstat;
pub(super) mod rewrite;
pub(super) mod set;

use commands::prelude::*;

command! {
    name: "config",
    group: Server,
    since: "2.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for server configuration commands.",
    handler: Container,
    subcommands: [get::COMMAND, help::COMMAND, resetstat::COMMAND, rewrite::COMMAND, set::COMMAND],
    examples: "",
}

#[derive(Args)]
struct Args {}
