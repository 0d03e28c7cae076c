//! PUBSUB CHANNELS: who listens to what.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "pubsub|channels",
    group: PubSub,
    since: "2.8.0",
    complexity: "O(N) where N is the number of active channels",
    summary: "Returns the active channels.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > PUBSUB CHANNELS
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
    let names = session.server.pubsub.active(Kind::Channel, args.pattern.map(|pattern| pattern.0));
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}
