//! SLOWLOG RESET: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "slowlog|reset",
    group: Server,
    since: "2.2.12",
    complexity: "O(N) where N is the number of entries in the slowlog",
    summary: "Clears all entries from the slow log.",
    handler: Admin,
    flags: [Loading, Stale],
    examples: r#"
        > SLOWLOG RESET
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.server.slowlog.clear();
    reply.ok();
    Ok(())
}
