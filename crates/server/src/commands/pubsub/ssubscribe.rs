//! SSUBSCRIBE: listens.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "ssubscribe",
    group: PubSub,
    since: "7.0.0",
    complexity: "O(N) where N is the number of shardchannels to subscribe to.",
    summary: "Listens for messages published to shard channels.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > SSUBSCRIBE news
        1) "ssubscribe"
        2) "news"
        3) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "shardchannel", access = "NOT_KEY")]
    names: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    super::subscribe(session, Kind::Shard, args.names.iter().copied(), reply)
}
