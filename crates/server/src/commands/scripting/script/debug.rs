//! SCRIPT DEBUG: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "script|debug",
    group: Scripting,
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Turns off the debugger of scripts, which is never on here.",
    handler: Session,
    flags: [NoScript],
    examples: r#"
        > SCRIPT DEBUG NO
        OK
        > SCRIPT DEBUG YES
        (error) ERR There is no debugger of scripts
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "mode")]
    mode: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if session.is_in_exec {
        return Err(Error::fixed("ERR SCRIPT DEBUG must be called outside a pipeline"));
    }
    match args.mode.to_ascii_lowercase().as_slice() {
        b"no" => reply.ok(),
        b"yes" | b"sync" => return Err(Error::fixed("ERR There is no debugger of scripts")),
        _ => return Err(Error::fixed("ERR Use SCRIPT DEBUG YES/SYNC/NO")),
    }
    Ok(())
}
