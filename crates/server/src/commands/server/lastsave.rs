//! LASTSAVE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "lastsave",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the Unix timestamp of the last successful save to disk.",
    handler: Session,
    flags: [Loading, Stale, Fast, Dangerous],
    examples: r#"
        > LASTSAVE
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

/// Until something was saved this is when the server started, as in Redis.
pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.server.saves.state().last_save_s as i64);
    Ok(())
}
