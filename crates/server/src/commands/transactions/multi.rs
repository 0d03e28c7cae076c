//! MULTI: the commands from here on wait for EXEC.

use commands::prelude::*;

use crate::client::ClientFlag;
use crate::session::{Session, Transaction};

command! {
    name: "multi",
    group: Transactions,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Starts a transaction.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, AllowBusy],
    examples: r#"
        > MULTI
        OK
        > INCR visits
        QUEUED
        > EXEC
        1) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    if let Some(transaction) = &mut session.transaction {
        // As in Valkey 8: whoever calls it twice has lost track of what is queued.
        transaction.is_broken = true;
        return Err(Error::fixed("ERR MULTI calls can not be nested"));
    }
    session.transaction = Some(Transaction::default());
    session.client.set(ClientFlag::Transaction, true);
    session.client.queued.store(0, std::sync::atomic::Ordering::Relaxed);
    reply.ok();
    Ok(())
}
