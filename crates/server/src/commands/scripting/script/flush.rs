//! SCRIPT FLUSH: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "script|flush",
    group: Scripting,
    since: "2.6.0",
    complexity: "O(N) with N being the number of scripts in cache",
    summary: "Removes all server-side Lua scripts from the script cache.",
    handler: Session,
    flags: [NoScript],
    examples: r#"
        > SCRIPT FLUSH
        OK
        > SCRIPT FLUSH NOW
        (error) ERR SCRIPT FLUSH only support SYNC|ASYNC option
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "flush-type")]
    words: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let is_known = |word: &[u8]| word.eq_ignore_ascii_case(b"sync") || word.eq_ignore_ascii_case(b"async");
    match args.words.as_deref() {
        None => {}
        Some([word]) if is_known(word) => {}
        Some(_) => return Err(Error::fixed("ERR SCRIPT FLUSH only support SYNC|ASYNC option")),
    }
    session.server.scripting.scripts.flush();
    reply.ok();
    Ok(())
}
