//! UNWATCH: forgets the watched keys.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "unwatch",
    group: Transactions,
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Forgets about watched keys of a transaction.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, AllowBusy],
    examples: r#"
        > UNWATCH
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    if session.transaction.is_none() {
        session.unwatch();
    }
    reply.ok();
    Ok(())
}
