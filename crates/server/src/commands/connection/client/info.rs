//! CLIENT INFO: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|info",
    group: Connection,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns information about the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT INFO
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let mut line = super::describe(&session.client, &session.server);
    line.push('\n');
    reply.verbatim("txt", line.as_bytes());
    Ok(())
}
