//! EXEC: runs the commands that were queued since MULTI, as one.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "exec",
    group: Transactions,
    since: "1.2.0",
    complexity: "Depends on commands in the transaction",
    summary: "Executes all commands in a transaction.",
    handler: Session,
    flags: [NoScript, Loading, Stale, SkipSlowlog],
    examples: r#"
        > EXEC
        (error) ERR EXEC without MULTI
        > MULTI
        OK
        > SET seats 7
        QUEUED
        > DECR seats
        QUEUED
        > EXEC
        1) OK
        2) (integer) 6
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    crate::transaction::exec(session, reply)
}
