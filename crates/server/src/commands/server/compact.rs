//! COMPACT: see its summary.

use commands::prelude::*;
use keyspace::engine::Compaction;

use crate::session::Session;

command! {
    name: "compact",
    group: Server,
    since: "7.2.4",
    complexity: "O(1), and O(N) in the background with N the records on disk.",
    summary: "Makes databases on disk as small as they can be, in the background: one, or all of them.",
    handler: Session,
    flags: [Admin, NoScript],
    examples: r#"
        > COMPACT 0
        (error) ERR database 0 is served from memory
        > COMPACT 99
        (error) ERR DB index is out of range
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    db: Option<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let keyspace = &session.server.keyspace;
    let chosen = match args.db {
        None => None,
        Some(word) => {
            let number = base::number::parse_i64(word).ok_or(Error::NotInteger)?;
            let number = u16::try_from(number).ok().filter(|number| *number < keyspace.databases());
            Some(number.ok_or(Error::fixed("ERR DB index is out of range"))?)
        }
    };
    let databases = chosen.map_or(0..keyspace.databases(), |database| database..database + 1);
    let mut has_begun = false;
    for database in databases {
        match keyspace.engine(database).compact(database)? {
            Compaction::Begun => has_begun = true,
            Compaction::Runs => {}
            Compaction::Needless if chosen.is_some() => {
                return Err(Error::new(format_args!("database {database} is served from memory")));
            }
            Compaction::Needless => {}
        }
    }
    reply.simple(if has_begun { "Background compaction started" } else { "Nothing to compact" });
    Ok(())
}
