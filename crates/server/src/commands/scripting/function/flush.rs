//! FUNCTION FLUSH: see its summary.

use commands::prelude::*;

use crate::scripting::Registry;
use crate::session::Session;

command! {
    name: "function|flush",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(N) where N is the number of functions deleted",
    summary: "Deletes all libraries and functions.",
    handler: Session,
    flags: [NoScript, Write],
    examples: r##"
        > FUNCTION FLUSH
        OK
        > FUNCTION FLUSH NOW
        (error) ERR FUNCTION FLUSH only supports SYNC|ASYNC option
    "##,
}

#[derive(Args)]
pub struct Args<'a> {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<1>,
    #[arg(name = "flush-type")]
    words: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let is_known = |word: &[u8]| word.eq_ignore_ascii_case(b"sync") || word.eq_ignore_ascii_case(b"async");
    match args.words.as_deref() {
        None => {}
        Some([word]) if is_known(word) => {}
        Some(_) => return Err(Error::fixed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")),
    }
    let words = resp::OwnedArguments::from_parts(&["FUNCTION", "FLUSH"]);
    session.change_libraries(words.as_arguments(), |registry| {
        *registry = Registry::default();
        Ok(())
    })?;
    reply.ok();
    Ok(())
}
