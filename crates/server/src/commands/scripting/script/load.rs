//! SCRIPT LOAD: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "script|load",
    group: Scripting,
    since: "2.6.0",
    complexity: "O(N) with N being the length in bytes of the script body.",
    summary: "Loads a server-side Lua script to the script cache.",
    handler: Session,
    flags: [NoScript, Stale],
    examples: r#"
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > SCRIPT LOAD "return +"
        (error) ERR Error compiling script (new function): user_script:1: unexpected symbol near '+'
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    script: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.bulk(&crate::scripting::load(session, args.script)?);
    Ok(())
}
