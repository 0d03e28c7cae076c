//! UNSUBSCRIBE: listens no more.

use commands::prelude::*;
use crate::pubsub::Kind;
use crate::session::Session;

command! {
    name: "unsubscribe",
    group: PubSub,
    since: "2.0.0",
    complexity: "O(N) where N is the number of channels to unsubscribe.",
    summary: "Stops listening to messages posted to channels.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > UNSUBSCRIBE
        1) "unsubscribe"
        2) (nil)
        3) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "channel")]
    names: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let names = args.names.map(|names| names.iter().map(|name| (*name).into()).collect());
    super::unsubscribe(session, Kind::Channel, names, reply)
}
