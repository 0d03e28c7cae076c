//! PUBSUB NUMPAT: who listens to what.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "pubsub|numpat",
    group: PubSub,
    since: "2.8.0",
    complexity: "O(N) where N is the number of active channels",
    summary: "Returns a count of unique pattern subscriptions.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > PUBSUB NUMPAT
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.server.pubsub.len(Kind::Pattern) as i64);
    Ok(())
}
