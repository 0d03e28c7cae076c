//! SUNSUBSCRIBE: listens no more.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "sunsubscribe",
    group: PubSub,
    since: "7.0.0",
    complexity: "O(N) where N is the number of shardchannels to unsubscribe.",
    summary: "Stops listening to messages posted to shard channels.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > SUNSUBSCRIBE
        1) "sunsubscribe"
        2) (nil)
        3) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "shardchannel", access = "NOT_KEY")]
    names: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let names = args.names.map(|names| names.iter().map(|name| (*name).into()).collect());
    super::unsubscribe(session, Kind::Shard, names, reply)
}
