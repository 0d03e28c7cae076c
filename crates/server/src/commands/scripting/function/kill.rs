//! FUNCTION KILL: see its summary.

use commands::prelude::*;

use crate::scripting::Killer;
use crate::session::Session;

command! {
    name: "function|kill",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Terminates a function during execution.",
    handler: Session,
    flags: [NoScript, AllowBusy],
    examples: r##"
        > FUNCTION KILL
        (error) NOTBUSY No scripts in execution right now.
    "##,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.server.scripting.running.kill(Killer::Function)?;
    reply.ok();
    Ok(())
}
