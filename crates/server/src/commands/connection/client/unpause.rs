//! CLIENT UNPAUSE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|unpause",
    group: Connection,
    since: "6.2.0",
    complexity: "O(N) Where N is the number of paused clients",
    summary: "Resumes processing commands from paused clients.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT UNPAUSE
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.server.end_pause();
    reply.ok();
    Ok(())
}
