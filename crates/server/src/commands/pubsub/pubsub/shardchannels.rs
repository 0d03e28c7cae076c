//! PUBSUB SHARDCHANNELS: who listens to what.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "pubsub|shardchannels",
    group: PubSub,
    since: "7.0.0",
    complexity: "O(N) where N is the number of active channels",
    summary: "Returns the active shard channels.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > PUBSUB SHARDCHANNELS
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<1>,
    pattern: Option<Pattern<'a>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let names = session.server.pubsub.active(Kind::Shard, args.pattern.map(|pattern| pattern.0));
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}
