//! CONFIG RESETSTAT: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "config|resetstat",
    group: Server,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Resets the server's statistics.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CONFIG RESETSTAT
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.server.statistics.reset();
    session.server.evictions.reset();
    session.server.keyspace.reset_deferred_frees();
    reply.ok();
    Ok(())
}
