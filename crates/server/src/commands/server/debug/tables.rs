//! DEBUG HTSTATS, HTSTATS-KEY, LISTPACK and QUICKLIST: the forms that hold keys and values, for people to read.

use commands::prelude::*;
use keyspace::Needs;
use values::entry::{EntryRef, Kind};
use values::hash::HashRef;
use values::set::SetRef;
use values::zset::ZSetRef;

use crate::clock::unix_ms;
use crate::session::Session;

/// HTSTATS: the tables of a database.
pub(super) fn reply_database(session: &Session, database: &[u8], reply: &mut Reply) -> Result<()> {
    let keyspace = &session.server.keyspace;
    let database = base::number::parse_i64(database).ok_or(Error::NotInteger)?;
    let database = u16::try_from(database).ok().filter(|database| *database < keyspace.databases());
    let database = database.ok_or(Error::new("Out of range database"))?;
    let slots = 0..base::slot::SLOTS as u16;
    let lengths = slots.map(|slot| keyspace.slot_len(database, slot)).filter(|len| *len > 0);
    let (used, largest) = lengths.fold((0, 0), |(used, largest), len| (used + 1, len.max(largest)));
    let text = format!(
        "[Dictionary HT]\n number of elements: {}\n slots in use: {used}\n elements of the largest slot: {largest}\n \
         bytes beside the elements: {}\n[Expires HT]\n number of elements: {}\n",
        keyspace.len(database),
        keyspace.overhead_bytes(database),
        keyspace.deadlines(database),
    );
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// HTSTATS-KEY: the table of a value.
pub(super) fn reply_table(session: &mut Session, name: &[u8], reply: &mut Reply) -> Result<()> {
    const NO_TABLE: Error =
        Error::fixed("ERR The value stored at the specified key is not represented using an hash table");
    let text = look(session, name, |entry| {
        let len = match (keyspace::encoding_name(entry), entry.kind()) {
            ("hashtable", Kind::Set) => SetRef::of(entry).len(),
            ("hashtable", Kind::Hash) => HashRef::of(entry).len(),
            ("skiplist", _) => ZSetRef::of(entry).len(),
            _ => return None,
        };
        Some(format!(" number of elements: {len}\n bytes in all: {}\n", entry.memory_bytes()))
    })?;
    reply.verbatim("txt", text.ok_or(NO_TABLE)?.as_bytes());
    Ok(())
}

/// LISTPACK and QUICKLIST: notes the size of a value in this encoding.
pub(super) fn log_form(session: &mut Session, name: &[u8], title: &str, reply: &mut Reply) -> Result<()> {
    let encoding = title.to_lowercase();
    let bytes = look(session, name, |entry| {
        (keyspace::encoding_name(entry) == encoding).then(|| entry.memory_bytes())
    })?;
    let bytes = bytes.ok_or_else(|| Error::new(format_args!("Not a {encoding} encoded object.")))?;
    tracing::info!(key = %String::from_utf8_lossy(name), encoding, bytes, "DEBUG");
    reply.simple(format!("{title} structure printed on stdout"));
    Ok(())
}

fn look<T>(session: &mut Session, name: &[u8], look: impl FnOnce(EntryRef<'_>) -> T) -> Result<T> {
    let key = Key::new(name);
    let context = session.context(unix_ms());
    let view = session.server.keyspace.read(&Needs::of_slots([key.slot].into_iter().collect()), context);
    view.peek(&key).map(look).ok_or(Error::NoSuchKey)
}
