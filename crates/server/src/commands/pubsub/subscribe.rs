//! SUBSCRIBE: listens.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "subscribe",
    group: PubSub,
    since: "2.0.0",
    complexity: "O(N) where N is the number of channels to subscribe to.",
    summary: "Listens for messages published to channels.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > SUBSCRIBE news
        1) "subscribe"
        2) "news"
        3) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "channel")]
    names: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    super::subscribe(session, Kind::Channel, args.names.iter().copied(), reply)
}
