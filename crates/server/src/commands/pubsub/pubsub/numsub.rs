//! PUBSUB NUMSUB: who listens to what.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "pubsub|numsub",
    group: PubSub,
    since: "2.8.0",
    complexity: "O(N) where N is the number of active channels",
    summary: "Returns a count of subscribers to channels.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > PUBSUB NUMSUB news
        1) "news"
        2) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "channel")]
    channels: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let channels = args.channels.unwrap_or_default();
    reply.array(channels.len() * 2);
    for channel in &channels {
        reply.bulk(channel);
        reply.integer(session.server.pubsub.subscribers(Kind::Channel, channel) as i64);
    }
    Ok(())
}
