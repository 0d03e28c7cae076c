//! CLIENT GETREDIR: see its summary.

use std::sync::atomic::Ordering;

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

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.client.redirect.load(Ordering::Relaxed));
    Ok(())
}
