//! CLIENT GETREDIR: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|getredir",
    group: Connection,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Returns the client ID to which the connection's tracking notifications are redirected.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT GETREDIR
        (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args {}

/// No client tracks keys yet.
pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(-1);
    Ok(())
}
