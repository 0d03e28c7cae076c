//! PSUBSCRIBE: listens.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "psubscribe",
    group: PubSub,
    since: "2.0.0",
    complexity: "O(N) where N is the number of patterns to subscribe to.",
    summary: "Listens for messages published to channels that match one or more patterns.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > PSUBSCRIBE news
        1) "psubscribe"
        2) "news"
        3) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "pattern")]
    names: Many<Pattern<'a>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    super::subscribe(session, Kind::Pattern, args.names.iter().map(|name| name.0), reply)
}
