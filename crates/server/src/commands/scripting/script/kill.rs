//! SCRIPT KILL: see its summary.

use commands::prelude::*;

use crate::scripting::Killer;
use crate::session::Session;

command! {
    name: "script|kill",
    group: Scripting,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Terminates a server-side Lua script during execution.",
    handler: Session,
    flags: [NoScript, AllowBusy],
    examples: r#"
        > SCRIPT KILL
        (error) NOTBUSY No scripts in execution right now.
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.server.scripting.running.kill(Killer::Script)?;
    reply.ok();
    Ok(())
}
