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
        > COMMAND GETKEYSANDFLAGS SET one GET
        1) 1) "one"
           2) 1) OW
              2) update
        > COMMAND GETKEYSANDFLAGS SET one 1 GET
        1) 1) "one"
           2) 1) RW
              2) access
              3) update
        > COMMAND GETKEYSANDFLAGS BITFIELD one GET u8 0
        1) 1) "one"
           2) 1) RO
              2) access
        > COMMAND GETKEYSANDFLAGS ZUNION -9223372036854775808 one
        (error) ERR Invalid arguments specified for command
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
    let entry = super::named(session, &args.words).ok_or(Error::fixed("ERR Invalid command specified"))?;
    reply.array(keys.len());
    for (position, spec) in keys {
        reply.array(2);
        reply.bulk(args.words[position]);
        spec.reply_flags_in(entry.command, &args.words, reply);
    }
    Ok(())
}
