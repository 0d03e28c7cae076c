//! DISCARD: forgets the commands that were queued since MULTI.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "discard",
    group: Transactions,
    since: "2.0.0",
    complexity: "O(N), when N is the number of queued commands",
    summary: "Discards a transaction.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, AllowBusy],
    examples: r#"
        > DISCARD
        (error) ERR DISCARD without MULTI
        > MULTI
        OK
        > DISCARD
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    if session.transaction.is_none() {
        return Err(Error::fixed("ERR DISCARD without MULTI"));
    }
    session.discard_transaction();
    reply.ok();
    Ok(())
}
