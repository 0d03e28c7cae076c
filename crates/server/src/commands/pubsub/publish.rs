//! PUBLISH: says something to all who listen.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "publish",
    group: PubSub,
    since: "2.0.0",
    complexity: "O(N) where N is the number of clients subscribed to the receiving channel.",
    summary: "Posts a message to a channel.",
    handler: Session,
    flags: [Loading, Stale, Fast, MayReplicate],
    examples: r#"
        > PUBLISH news "it rains"
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    channel: &'a [u8],
    message: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let receivers = session.server.pubsub.publish(args.channel, args.message);
    // Who listens to a replica hears it too.
    session.tell_replicas(&[b"PUBLISH", args.channel, args.message]);
    reply.integer(receivers as i64);
    Ok(())
}
