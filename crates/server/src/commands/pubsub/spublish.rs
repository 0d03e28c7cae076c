//! SPUBLISH: says something to all who listen.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "spublish",
    group: PubSub,
    since: "7.0.0",
    complexity: "O(N) where N is the number of clients subscribed to the receiving channel.",
    summary: "Posts a message to a shard channel.",
    handler: Session,
    flags: [Loading, Stale, Fast, MayReplicate],
    examples: r#"
        > SPUBLISH news "it rains"
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "NOT_KEY")]
    channel: &'a [u8],
    message: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let receivers = session.server.pubsub.publish_to_shard(args.channel, args.message);
    // Who listens to a replica hears it too.
    session.tell_replicas(&[b"SPUBLISH", args.channel, args.message]);
    reply.integer(receivers as i64);
    Ok(())
}
