//! Loading: what an append-only file says is done, by a session of its own, on the way that requests take.
//!
//! Nothing is gone there because its time has come: what was gone is said. A unit of several commands is done when all of
//! it was read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use log::{Damage, Record, Records};
use resp::{Arguments, ArgumentsBuffer, OwnedArguments, Reply, Version};

use super::base;
use crate::client::Client;
use crate::clock::unix_ms;
use crate::request::replay;
use crate::server::Server;
use crate::session::{Queued, Session, Transaction};
use crate::table::Entry;

/// Read from the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a snapshot begins with.
const SNAPSHOT: &[u8] = b"REDIS";

/// Errors of commands that are logged; more of them are counted.
const ERRORS_LOGGED_MAX: u64 = 10;

/// Whether nothing is loaded into `database`: it is stored, and keeps what it has.
pub(super) fn is_left_out(server: &Server, database: u16) -> bool {
    server.keyspace.engine(database).is_stored()
}

/// Loads a file of `bytes` bytes: a snapshot, requests, or the one followed by the other.
///
/// # Errors
/// What is wrong, with the names of the file and the offset. The last file may be cut off within a record or a unit, which
/// is then cut off whole where `aof-load-truncated` says so.
pub(super) fn load(server: &Arc<Server>, path: &Path, bytes: u64, is_last: bool) -> Result<(), String> {
    let at_fault = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = File::open(path).map_err(|error| at_fault(&error))?;
    let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
    let begins_with_snapshot = file.fill_buf().map_err(|error| at_fault(&error))?.starts_with(SNAPSHOT);
    let mut replay = Replay::new(server);
    let outcome = if begins_with_snapshot {
        let (rest, offset) = base::load(server, file, path)?;
        replay.run(BufReader::with_capacity(BUFFER_BYTES, rest), offset)
    } else {
        replay.run(file, 0)
    };
    replay.report(path);
    let Err(damage) = outcome else { return Ok(()) };
    if !damage.is_cut || !is_last {
        return Err(format!(
            "Bad file format reading the append only file {}, {damage}. Make a backup of it, then run: esker check-aof \
             --fix <filename.manifest>",
            path.display()
        ));
    }
    if !server.settings().persistence.aof_load_truncated {
        return Err(format!(
            "Unexpected end of file reading the append only file {}, {damage}. Set 'aof-load-truncated yes' or run: \
             esker check-aof --fix <filename.manifest>",
            path.display()
        ));
    }
    log::check::truncate(path, damage.offset).map_err(|error| at_fault(&error))?;
    tracing::warn!(
        file = %path.display(),
        bytes,
        "AOF loaded anyway because aof-load-truncated is enabled: cut off at offset {}",
        damage.offset
    );
    Ok(())
}

/// A replay of requests.
struct Replay {
    server: Arc<Server>,
    session: Session,
    reply: Reply,
    /// The unit that is being read, and the offset where it begins.
    unit: Option<(u64, Vec<Queued>)>,
    errors: u64,
    left_out: u64,
}

impl Replay {
    fn new(server: &Arc<Server>) -> Replay {
        let account = Arc::clone(server.users.default_account());
        let client = Client::new(0, "aof".into(), "aof".into(), -1, true, unix_ms(), account);
        let mut session = Session::new(Arc::clone(server), Arc::new(client));
        session.is_replaying = true;
        Replay {
            server: Arc::clone(server),
            session,
            reply: Reply::new(Version::Resp2),
            unit: None,
            errors: 0,
            left_out: 0,
        }
    }

    /// Runs what `reader` gives, which stands at `offset` of its file.
    fn run(&mut self, reader: impl BufRead, offset: u64) -> Result<(), Damage> {
        let mut records = Records::new(reader, offset);
        let mut words = ArgumentsBuffer::default();
        loop {
            let begin = records.offset();
            let record = records.next(&mut words).map_err(|damage| match &self.unit {
                // What is left of a unit goes with it.
                Some((begin, _)) if damage.is_cut => Damage { offset: *begin, ..damage },
                _ => damage,
            })?;
            match record {
                Some(Record::Command) => {
                    let done = self.take(words.as_arguments(), begin);
                    done.map_err(|why| Damage { offset: begin, is_cut: false, why })?;
                }
                Some(_) => {}
                None => {
                    let Some((offset, _)) = self.unit.take() else { return Ok(()) };
                    return Err(Damage { offset, is_cut: true, why: "a MULTI has no EXEC".to_owned() });
                }
            }
        }
    }

    /// Runs a command, or has it wait for the end of its unit.
    fn take(&mut self, arguments: Arguments<'_>, offset: u64) -> Result<(), String> {
        let name = arguments.get(0).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"multi") {
            return match self.unit.replace((offset, Vec::new())) {
                None => Ok(()),
                Some(_) => Err("MULTI within MULTI".to_owned()),
            };
        }
        if name.eq_ignore_ascii_case(b"exec") {
            let (_, queued) = self.unit.take().ok_or("EXEC without MULTI")?;
            self.session.transaction = Some(Transaction { queued, is_broken: false });
            let server = Arc::clone(&self.server);
            let Some(entry) = server.table.find(b"exec") else { return Ok(()) };
            self.execute(entry, arguments);
            return Ok(());
        }
        let server = Arc::clone(&self.server);
        let entry = find(&server, arguments)?;
        match &mut self.unit {
            // Units have a database each: SELECT stands among their commands.
            Some((_, queued)) if entry.command.name != "select" => {
                if is_left_out(&server, self.session.database) {
                    self.left_out += 1;
                } else {
                    queued.push(Queued { entry: entry.index, arguments: OwnedArguments::from(arguments) });
                }
            }
            Some((_, queued)) => {
                queued.push(Queued { entry: entry.index, arguments: OwnedArguments::from(arguments) });
            }
            None if entry.command.name != "select" && is_left_out(&server, self.session.database) => {
                self.left_out += 1;
            }
            None => self.execute(entry, arguments),
        }
        Ok(())
    }

    fn execute(&mut self, entry: &Entry, arguments: Arguments<'_>) {
        self.reply.clear();
        if let Err(error) = replay(&mut self.session, entry, arguments, &mut self.reply) {
            self.errors += 1;
            if self.errors <= ERRORS_LOGGED_MAX {
                let text = error.text(entry.command.name);
                tracing::warn!(
                    command = entry.command.name,
                    "A command of the append-only file fails: {text}"
                );
            }
        }
    }

    fn report(&self, path: &Path) {
        if self.errors > 0 {
            tracing::warn!(file = %path.display(), errors = self.errors, "Commands of the append-only file failed");
        }
        if self.left_out > 0 {
            tracing::warn!(
                file = %path.display(),
                commands = self.left_out,
                "Changes to databases on disk were passed over: these keep what they have"
            );
        }
    }
}

/// The command, or the subcommand, that is named.
fn find<'t>(server: &'t Server, arguments: Arguments<'_>) -> Result<&'t Entry, String> {
    let name = arguments.get(0).unwrap_or_default();
    let entry = server.table.find(name).filter(|entry| !entry.is_subcommand);
    let found = entry.and_then(|entry| match arguments.get(1) {
        Some(word) if !entry.command.subcommands.is_empty() => server.table.find_subcommand(entry, word),
        _ => Some(entry),
    });
    let found = found
        .ok_or_else(|| format!("Unknown command '{}' reading the append only file", name.escape_ascii()))?;
    if !found.accepts(arguments.len()) {
        return Err(format!("wrong number of words for '{}'", found.command.name));
    }
    Ok(found)
}
