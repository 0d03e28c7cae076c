//! CLIENT NO-TOUCH: see its summary.

use commands::prelude::*;
use super::OnOff;
use crate::client::ClientFlag;
use crate::session::Session;

command! {
    name: "client|no-touch",
    group: Connection,
    since: "7.2.0",
    complexity: "O(1)",
    summary: "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT NO-TOUCH ON
        OK
    "#,
}

#[derive(Args)]
pub struct Args {
    enabled: OnOff,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    session.client.set(ClientFlag::NoTouch, args.enabled.is_on());
    reply.ok();
    Ok(())
}
