//! SCRIPT EXISTS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "script|exists",
    group: Scripting,
    since: "2.6.0",
    complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
    summary: "Determines whether server-side Lua scripts exist in the script cache.",
    handler: Session,
    flags: [NoScript],
    examples: r#"
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db ffffffffffffffffffffffffffffffffffffffff
        1) (integer) 1
        2) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "sha1")]
    digests: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let scripts = &session.server.scripting.scripts;
    reply.array(args.digests.len());
    for digest in args.digests {
        // Digests are written in any case.
        let digest = scripting::Digest::try_from(digest.to_ascii_lowercase().as_slice());
        let exists = digest.is_ok_and(|digest| scripts.find(&digest).is_some());
        reply.integer(i64::from(exists));
    }
    Ok(())
}
