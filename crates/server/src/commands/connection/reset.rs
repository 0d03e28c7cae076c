//! RESET: the connection as it was when it was new.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "reset",
    group: Connection,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Resets the connection.",
    handler: Session,
    flags: [AllowBusy, Fast, Loading, NoAuth, NoScript, Stale],
    examples: r#"
        > RESET
        RESET
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.reset();
    reply.set_version(session.version);
    reply.simple("RESET");
    Ok(())
}
