//! CLIENT ID: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|id",
    group: Connection,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Returns the unique client ID of the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT ID
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.client.id as i64);
    Ok(())
}
