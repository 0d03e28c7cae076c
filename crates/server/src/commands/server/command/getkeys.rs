//! COMMAND GETKEYS: see its summary.

use commands::prelude::*;

use super::key_specs::KeySpec;
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
    let specs = specs(session, &args.words)?;
    let keys = keys(session, &specs, &args.words)?;
    reply.array(keys.len());
    for (position, _) in keys {
        reply.bulk(args.words[position]);
    }
    Ok(())
}

/// The key specifications of the command that the request names, if it has keys.
pub(super) fn specs(session: &Session, words: &[&[u8]]) -> Result<Vec<KeySpec>> {
    let entry = super::named(session, words).ok_or(Error::fixed("ERR Invalid command specified"))?;
    let specs = super::key_specs::of(entry.command);
    if !specs.iter().any(KeySpec::is_of_key) {
        return Err(Error::fixed("ERR The command has no key arguments"));
    }
    if !entry.accepts(words.len()) {
        return Err(Error::fixed("ERR Invalid number of arguments specified for command"));
    }
    Ok(specs)
}

/// The keys of the request: each with the number of its word and the specification that names it.
pub(super) fn keys<'s>(
    session: &Session,
    specs: &'s [KeySpec],
    words: &[&[u8]],
) -> Result<Vec<(usize, &'s KeySpec)>> {
    let command = super::named(session, words).map(|entry| entry.command);
    let keys = command.and_then(|command| super::key_specs::find(command, specs, words));
    match keys {
        Some(keys) if !keys.is_empty() => Ok(keys.into_vec()),
        _ if command.is_some_and(|command| command.has(commands::Flag::NoMandatoryKeys)) => Ok(Vec::new()),
        _ => Err(Error::fixed("ERR Invalid arguments specified for command")),
    }
}
