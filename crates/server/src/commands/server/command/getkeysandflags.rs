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
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command")]
    words: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let request = super::request(&args.words);
    let keys = super::getkeys::keys(session, &args.words, &request)?;
    let specs = super::named(session, &args.words).map(|entry| super::key_specs::of(entry.command));
    let specs = specs.unwrap_or_default();
    reply.array(keys.len());
    for (index, key) in keys.iter().enumerate() {
        reply.array(2);
        reply.bulk(key.bytes);
        // Each specification names one key, but for the last, which may name many.
        match specs.get(index).or(specs.last()) {
            Some(spec) => spec.reply_flags(reply),
            None => reply.empty_set(),
        }
    }
    Ok(())
}
