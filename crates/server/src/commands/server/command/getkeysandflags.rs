//! COMMAND GETKEYSANDFLAGS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "command|getkeysandflags",
    group: Server,
    since: "7.0.0",
    complexity: "O(N) where N is the number of arguments to the command",
    summary: "Extracts the key names and access flags for an arbitrary command.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND GETKEYSANDFLAGS GET one
        1) 1) "one"
           2) 1) RO
              2) access
        > COMMAND GETKEYSANDFLAGS SET one 1
        1) 1) "one"
           2) 1) OW
              2) update
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command")]
    words: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let specs = super::getkeys::specs(session, &args.words)?;
    let keys = super::getkeys::keys(session, &specs, &args.words)?;
    let Some(entry) = super::named(session, &args.words) else { return Ok(()) };
    reply.array(keys.len());
    for (position, spec) in keys {
        reply.array(2);
        reply.bulk(args.words[position]);
        spec.reply_flags_in(entry.command, &args.words, reply);
    }
    Ok(())
}
