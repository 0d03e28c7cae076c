//! SCRIPT SHOW: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "script|show",
    group: Scripting,
    since: "8.0.0",
    complexity: "O(1).",
    summary: "Show server-side Lua script in the script cache.",
    handler: Session,
    flags: [NoScript],
    examples: r#"
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > SCRIPT SHOW e0e1f9fabfc9d4800c877a703b823ac0578ff8db
        "return 1"
        > SCRIPT SHOW nosuch
        (error) NOSCRIPT No matching script. Please use EVAL.
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    sha1: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let digest = scripting::Digest::try_from(args.sha1).ok();
    let script = digest.and_then(|digest| session.server.scripting.scripts.find(&digest));
    let script = script.ok_or(crate::scripting::NO_SCRIPT)?;
    reply.bulk(&script.text);
    Ok(())
}
