//! PUNSUBSCRIBE: listens no more.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "punsubscribe",
    group: PubSub,
    since: "2.0.0",
    complexity: "O(N) where N is the number of patterns to unsubscribe.",
    summary: "Stops listening to messages published to channels that match one or more patterns.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > PUNSUBSCRIBE
        1) "punsubscribe"
        2) (nil)
        3) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "pattern")]
    names: Option<Many<Pattern<'a>>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let names = args.names.map(|names| names.iter().map(|name| name.0.into()).collect());
    super::unsubscribe(session, Kind::Pattern, names, reply)
}
