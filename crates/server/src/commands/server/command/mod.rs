//! COMMAND: the command table, as clients see it. All of it is derived from the declarations.

pub(super) mod count;
pub(super) mod docs;
pub(super) mod getkeys;
pub(super) mod getkeysandflags;
pub(super) mod help;
pub(super) mod info;
pub(crate) mod key_specs;
pub(super) mod list;
mod tips;
pub(crate) mod traits;

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "command",
    group: Server,
    since: "2.8.13",
    complexity: "O(N) where N is the total number of Redis commands",
    summary: "Returns detailed information about all commands.",
    handler: Session,
    arity: -1,
    flags: [Loading, Stale],
    subcommands: [
        count::COMMAND,
        docs::COMMAND,
        getkeys::COMMAND,
        getkeysandflags::COMMAND,
        help::COMMAND,
        info::COMMAND,
        list::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    info::reply_all(&session.server.table, reply);
    Ok(())
}

/// The command that a request names, given as the arguments of another one.
fn named<'s>(session: &'s Session, words: &[&[u8]]) -> Option<&'s crate::table::Entry> {
    let table = &session.server.table;
    let entry = table.find(words[0])?;
    match words.get(1) {
        Some(word) if !entry.command.subcommands.is_empty() => table.find_subcommand(entry, word),
        _ => Some(entry),
    }
}

/// The command called `name`, which is `container|subcommand` for a subcommand.
fn find<'s>(session: &'s Session, name: &[u8]) -> Option<&'s crate::table::Entry> {
    let words: Vec<&[u8]> = name.splitn(2, |byte| *byte == b'|').collect();
    let entry = session.server.table.find(words[0])?;
    match words.get(1) {
        Some(word) => session.server.table.find_subcommand(entry, word),
        None => Some(entry),
    }
}
