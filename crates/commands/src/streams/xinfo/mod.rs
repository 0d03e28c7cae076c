//! XINFO: what there is to know of a stream and its groups.

mod consumers;
mod groups;
mod help;
mod stream;

use crate::prelude::*;

command! {
    name: "xinfo",
    group: Stream,
    since: "5.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for stream introspection commands.",
    handler: Container,
    subcommands: [consumers::COMMAND, groups::COMMAND, help::COMMAND, stream::COMMAND],
    examples: "",
}

#[derive(Args)]
struct Args {}

/// Writes the name of a field of a reply.
fn name(name: &str, reply: &mut Reply) {
    reply.bulk(name.as_bytes());
}
