//! COMMAND GETKEYS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "command|getkeys",
    group: Server,
    since: "2.8.13",
    complexity: "O(N) where N is the number of arguments to the command",
    summary: "Extracts the key names from an arbitrary command.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND GETKEYS MSET one 1 two 2
        1) "one"
        2) "two"
        > COMMAND GETKEYS PING
        (error) ERR The command has no key arguments
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command")]
    words: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let request = super::request(&args.words);
    let keys = keys(session, &args.words, &request)?;
    reply.array(keys.len());
    for key in keys {
        reply.bulk(key.bytes);
    }
    Ok(())
}

/// The keys of the request.
pub(super) fn keys<'a>(
    session: &Session,
    words: &[&[u8]],
    request: &'a resp::OwnedArguments,
) -> Result<Many<Key<'a>>> {
    let entry =
        super::named(session, words).ok_or(Error::fixed("ERR Invalid command specified"))?;
    if super::key_specs::of(entry.command).is_empty() {
        return Err(Error::fixed("ERR The command has no key arguments"));
    }
    if !entry.command.accepts(words.len()) {
        return Err(Error::fixed("ERR Invalid number of arguments specified for command"));
    }
    match (entry.command.keys)(request.as_arguments()) {
        Ok((_, keys)) if !keys.is_empty() => Ok(keys),
        Ok(_) if entry.command.has(commands::Flag::NoMandatoryKeys) => Ok(Many::new()),
        _ => Err(Error::fixed("ERR Invalid arguments specified for command")),
    }
}
