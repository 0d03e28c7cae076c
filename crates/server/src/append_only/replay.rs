//! Loading: what an append-only file says is done, by sessions of its own, on the way that requests take.
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
use super::lanes::Lanes;
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

/// What runs commands, in a session of its own.
pub(super) struct Runner {
    pub server: Arc<Server>,
    pub session: Session,
    reply: Reply,
    /// How many have failed.
    pub errors: u64,
}

impl Runner {
    pub fn new(server: &Arc<Server>) -> Runner {
        let account = Arc::clone(server.users.default_account());
        let client = Client::new(0, "aof".into(), "aof".into(), -1, true, unix_ms(), account);
        let mut session = Session::new(Arc::clone(server), Arc::new(client));
        session.is_replaying = true;
        Runner { server: Arc::clone(server), session, reply: Reply::new(Version::Resp2), errors: 0 }
    }

    pub fn execute(&mut self, entry: &Entry, arguments: Arguments<'_>) {
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
}

/// A replay of requests.
struct Replay<'s> {
    server: &'s Arc<Server>,
    /// Runs what does not run in a lane.
    runner: Runner,
    /// The unit that is being read, and the offset where it begins.
    unit: Option<(u64, Vec<Queued>)>,
    left_out: u64,
}

impl<'s> Replay<'s> {
    fn new(server: &'s Arc<Server>) -> Replay<'s> {
        Replay { server, runner: Runner::new(server), unit: None, left_out: 0 }
    }

    /// Runs what `reader` gives, which stands at `offset` of its file.
    fn run(&mut self, reader: impl BufRead, offset: u64) -> Result<(), Damage> {
        std::thread::scope(|scope| {
            let mut lanes = Lanes::start(scope, self.server);
            let mut records = Records::new(reader, offset);
            let result = self.run_records(&mut records, &mut lanes);
            let rested = lanes.rest(&mut self.runner).and_then(|()| lanes.finish(&mut self.runner));
            let at_end = |why| Damage { offset: records.offset(), is_cut: false, why };
            result.and(rested.map_err(at_end))
        })
    }

    fn run_records(
        &mut self,
        records: &mut Records<impl BufRead>,
        lanes: &mut Lanes<'_>,
    ) -> Result<(), Damage> {
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
                    let done = self.take(words.as_arguments(), begin, lanes);
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
    fn take(&mut self, arguments: Arguments<'_>, offset: u64, lanes: &mut Lanes<'_>) -> Result<(), String> {
        let name = arguments.get(0).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"multi") {
            return match self.unit.replace((offset, Vec::new())) {
                None => Ok(()),
                Some(_) => Err("MULTI within MULTI".to_owned()),
            };
        }
        let server = self.server;
        if name.eq_ignore_ascii_case(b"exec") {
            let (_, queued) = self.unit.take().ok_or("EXEC without MULTI")?;
            lanes.rest(&mut self.runner)?;
            self.runner.session.transaction = Some(Transaction { queued, is_broken: false });
            let Some(entry) = server.table.find(b"exec") else { return Ok(()) };
            self.runner.execute(entry, arguments);
            return Ok(());
        }
        let entry = find(server, arguments)?;
        let is_select = entry.command.name == "select";
        let database = self.runner.session.database;
        // Units have a database each: SELECT stands among their commands.
        if !is_select && is_left_out(server, database) {
            self.left_out += 1;
        } else if let Some((_, queued)) = &mut self.unit {
            queued.push(Queued { entry: entry.index, arguments: OwnedArguments::from(arguments) });
        } else if is_select {
            self.runner.execute(entry, arguments);
        } else if !lanes.take(entry, database, arguments)? {
            lanes.rest(&mut self.runner)?;
            self.runner.execute(entry, arguments);
        }
        Ok(())
    }

    fn report(&self, path: &Path) {
        let errors = self.runner.errors;
        if errors > 0 {
            tracing::warn!(file = %path.display(), errors, "Commands of the append-only file failed");
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

#[cfg(test)]
mod tests;
