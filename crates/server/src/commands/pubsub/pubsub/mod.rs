//! PUBSUB: who listens to what.

pub(super) mod channels;
pub(super) mod help;
pub(super) mod numpat;
pub(super) mod numsub;
pub(super) mod shardchannels;
pub(super) mod shardnumsub;

use commands::prelude::*;

command! {
    name: "pubsub",
    group: PubSub,
    since: "2.8.0",
    complexity: "Depends on subcommand",
    summary: "A container for Pub/Sub commands.",
    handler: Container,
    subcommands: [
        channels::COMMAND,
        help::COMMAND,
        numpat::COMMAND,
        numsub::COMMAND,
        shardchannels::COMMAND,
        shardnumsub::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
