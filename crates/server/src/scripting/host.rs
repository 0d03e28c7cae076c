//! What a script asks for, done: commands, within its transaction.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use commands::{Access, Call, Error, Flag, Handler, Reader, Scope};
use keyspace::{Key, Needs, Taker, Takers, Tally, WriteTxn};
use resp::{Arguments, Reply};
use scripting::{Host, Level, Outcome, Replication};
use smallvec::SmallVec;

use super::Run;
use super::callable::Callable;
use super::running::ActiveRun;
use crate::access;
use crate::attention::Concern;
use crate::clock::{Stopwatch, unix_us};
use crate::eviction::OUT_OF_MEMORY;
use crate::saving::CANNOT_SAVE;
use crate::server::Server;
use crate::session::{InScript, Session};
use crate::statistics;
use crate::table::Entry;
use crate::tracking::Remembering;

/// Why a script did not come to its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// SCRIPT KILL or FUNCTION KILL.
    Killed,
    /// It has to be run again, with the right to touch more keys.
    Restart,
    /// It touched a key that it had not declared, too late to be run again, and somebody else has that.
    Undeclared,
    /// The server stops.
    Shutdown,
}

/// Serves one run.
pub(super) struct ScriptHost<'r, 'k> {
    server: &'r Server,
    session: &'r mut Session,
    txn: &'r mut WriteTxn<'k>,
    running: &'r ActiveRun<'r>,
    callable: &'r Callable,
    may_write: bool,
    may_restart: bool,
    is_remembered: bool,
    /// Whether commands that need memory are refused, as long as nothing has been changed.
    is_short_of_memory: bool,
    cannot_save: bool,
    /// Whether there is only data that may be stale, and that is not to be served.
    meets_stale_data: bool,
    /// Since when it runs.
    since: Stopwatch,
    /// What the clock showed then, once somebody has asked.
    began_us: Option<u64>,
    /// Times the commands.
    stopwatch: Stopwatch,
    /// The client's request.
    command: Arguments<'r>,
    /// Who gets to know what its commands do.
    takers: Takers,
    /// Whether it has done something beside the keyspace, such as PUBLISH, which would be done twice.
    has_acted: bool,
    /// Whether it has touched slots beside those of its keys.
    pub touched_others: bool,
    /// Why it does not come to its own end.
    pub end: Option<End>,
}

/// A command that a script may call.
struct Admitted<'t, 'a> {
    entry: &'t Entry,
    /// Its first key, where that is its second word.
    first_key: Option<Key<'a>>,
}

/// A script that has run for this long keeps its worker from others.
const LONG_MS: u64 = 3;

impl<'r, 'k> ScriptHost<'r, 'k> {
    pub fn new(
        server: &'r Server,
        session: &'r mut Session,
        txn: &'r mut WriteTxn<'k>,
        running: &'r ActiveRun<'r>,
        run: &'r Run<'r>,
        may_restart: bool,
    ) -> Self {
        let since = Stopwatch::start();
        ScriptHost {
            server,
            is_remembered: session.remembers_reads(),
            session,
            txn,
            running,
            callable: run.callable,
            may_write: run.may_write(),
            may_restart,
            is_short_of_memory: run.is_short_of_memory,
            cannot_save: run.cannot_save,
            meets_stale_data: run.meets_stale_data,
            since,
            began_us: None,
            stopwatch: since,
            command: run.command,
            takers: Takers::ALL,
            has_acted: false,
            touched_others: false,
            end: None,
        }
    }

    /// Whether a script may call this command, and its keys' slots are held: all that speaks against a call is said
    /// here.
    fn admit<'t, 'a>(
        &mut self,
        server: &'t Server,
        arguments: Arguments<'a>,
    ) -> Result<Admitted<'t, 'a>, Outcome> {
        let refused = |text: &str| Outcome::Refused(format!("ERR {text}"));
        let entry = find(server, arguments).ok_or_else(|| refused("Unknown command called from script"))?;
        let command = entry.command;
        let refusal = if !entry.accepts(arguments.len()) {
            Some("Wrong number of args calling command from script")
        } else if matches!(command.handler, Handler::Script)
            || command.has(Flag::NoScript) && !server.scripting.may_call_all.load(Ordering::Relaxed)
        {
            Some("This Redis command is not allowed from script")
        } else if !self.may_write && (command.is_write() || command.has(Flag::MayReplicate)) {
            Some("Write commands are not allowed from read-only scripts.")
        } else if self.meets_stale_data && !command.has(Flag::Stale) {
            Some("Can not execute the command on a stale replica")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            server.statistics.count_rejected(entry.index);
            return Err(refused(refusal));
        }
        if server.attention.now().has(Concern::Users)
            && let Err(reason) = self.check_user(server, entry, arguments)
        {
            server.statistics.count_rejected(entry.index);
            return Err(refused(&format!("ACL failure in script: {reason}")));
        }
        // Once it has written, nothing that comes up meanwhile keeps it from going on: it would be half done.
        let begins_to_write = command.is_write() && !self.running.has_written();
        if server.attention.now().has(Concern::Replication)
            && begins_to_write
            && let Some(refusal) = crate::replication::refusal_of_writes(self.session)
        {
            server.statistics.count_rejected(entry.index);
            return Err(Outcome::Refused(refusal.to_owned()));
        }
        if self.cannot_save && command.is_write() {
            server.statistics.count_rejected(entry.index);
            return Err(Outcome::Refused(CANNOT_SAVE.to_owned()));
        }
        if self.is_short_of_memory && command.has(Flag::DenyOom) && self.txn.changes() == 0 {
            server.statistics.count_rejected(entry.index);
            return Err(Outcome::Refused(OUT_OF_MEMORY.to_owned()));
        }
        if server.attention.now().has(Concern::Unwritten)
            && begins_to_write
            && let Some(refusal) = server.cannot_write(self.session.database, entry)
        {
            server.statistics.count_rejected(entry.index);
            return Err(Outcome::Refused(refusal));
        }
        let first_key = self.lock_keys(entry, arguments)?;
        if command.is_write() {
            self.running.writes();
        }
        Ok(Admitted { entry, first_key })
    }

    /// Whether the client's user may run the command. If not, that is noted, and the error says why.
    fn check_user(&self, server: &Server, entry: &Entry, arguments: Arguments<'_>) -> Result<(), String> {
        let user = self.session.account.user();
        let Err(denial) = access::check(&user, entry, arguments) else { return Ok(()) };
        server.note_denial(&self.session.client, &user, entry, arguments, denial, acl::Context::Lua);
        Err(access::reason(&user, entry, denial))
    }

    /// Has the transaction hold the slots that the command needs, and returns its first key if that is its second word.
    fn lock_keys<'a>(&mut self, entry: &Entry, arguments: Arguments<'a>) -> Result<Option<Key<'a>>, Outcome> {
        if entry.run.is_some() {
            self.txn.publish();
            return Ok(None);
        }
        // What cannot be read says so when it runs, without any slot.
        let Ok((scope, keys)) = (entry.command.keys)(arguments) else { return Ok(None) };
        let needs = match (scope, keys.as_slice()) {
            (Scope::BySlot | Scope::Everything, _) => Needs::All,
            (Scope::Keys, [only]) => Needs::One(only.slot),
            (Scope::Keys, several) => {
                let slots: SmallVec<[u16; 16]> = several.iter().map(|key| key.slot).collect();
                Needs::of_slots(slots)
            }
        };
        if !self.txn.holds(&needs) {
            self.reach_for(&needs)?;
        }
        if scope != Scope::Keys {
            self.txn.publish();
        }
        let is_second_word = |key: &&Key<'a>| {
            arguments.get(1).is_some_and(|word| std::ptr::eq(word.as_ptr(), key.bytes.as_ptr()))
        };
        Ok(keys.first().filter(is_second_word).copied())
    }

    /// Locks slots that the script has not declared.
    #[cold]
    fn reach_for(&mut self, needs: &Needs) -> Result<(), Outcome> {
        self.touched_others = true;
        if self.may_restart && !self.has_acted && self.txn.changes() == 0 {
            self.end = Some(End::Restart);
            return Err(Outcome::Stop);
        }
        if !self.txn.extend(needs) {
            self.end = Some(End::Undeclared);
            return Err(Outcome::Stop);
        }
        Ok(())
    }

    /// When it began, in Unix microseconds.
    fn began_us(&mut self) -> u64 {
        let since = self.since;
        *self.began_us.get_or_insert_with(|| unix_us().saturating_sub(since.elapsed_us()))
    }

    fn run(
        &mut self,
        call: &Admitted<'_, '_>,
        arguments: Arguments<'_>,
        reply: &mut Reply,
    ) -> commands::Result<()> {
        match (call.entry.run, call.entry.command.handler) {
            (Some(run), _) => {
                let now_ms = self.txn.now_ms();
                self.has_acted = true;
                let was_in_exec = std::mem::replace(&mut self.session.is_in_exec, true);
                self.session.script = Some(InScript { began_us: self.began_us(), takers: self.takers });
                let result = run(self.session, arguments, reply);
                self.session.script = None;
                self.session.is_in_exec = was_in_exec;
                self.txn.set_context(self.session.context(now_ms));
                result
            }
            (
                None,
                Handler::Read(run)
                | Handler::Write(run)
                | Handler::Blocking(run)
                | Handler::BlockingRead(run),
            ) => {
                if self.takers != Takers::ALL {
                    self.txn.tell_only(self.takers);
                }
                let result = run(&mut Call {
                    arguments,
                    first_key: call.first_key,
                    reply,
                    access: Access::Within(self.txn),
                    tally: Tally::default(),
                    reader: None,
                    waiting_room: None,
                });
                if self.takers != Takers::ALL {
                    self.txn.tell_only(Takers::ALL);
                }
                result
            }
            (None, Handler::Container | Handler::Session | Handler::Admin | Handler::Script) => {
                Err(Error::WrongArity)
            }
        }
    }

    /// What follows when a command has run.
    fn conclude(
        &mut self,
        server: &Server,
        entry: &Entry,
        arguments: Arguments<'_>,
        result: commands::Result<()>,
        reply: &mut Reply,
    ) {
        if self.is_remembered {
            // As in EXEC: what was changed before it is read is no news.
            let (changed, emptied) = self.txn.take_changed();
            server.invalidate(&changed, emptied, Some(self.session.client.id));
        }
        if self.is_remembered
            && entry.command.is_read()
            && let Ok((_, keys)) = (entry.command.keys)(arguments)
        {
            let remembering = Remembering { server, client: self.session.client.id };
            keys.iter().for_each(|key| remembering.has_read(key));
        }
        if server.attention.now().has(Concern::Monitor) {
            server.monitors.show_script(self.session.database, entry.command, arguments);
        }
        if server.attention.now().has(Concern::Replication) {
            crate::replication::note_own_keys(self.session, entry, arguments);
        }
        let outcome = match &result {
            Ok(()) => statistics::Outcome::Done,
            Err(error) => {
                let text = error.text(entry.command.name);
                server.statistics.count_error(&text);
                reply.clear();
                reply.error(text.as_bytes());
                statistics::Outcome::Failed
            }
        };
        let took_ns = self.stopwatch.lap_ns();
        server.statistics.count_call(entry.index, took_ns, outcome);
        server.note_time(&self.session.client, entry, arguments, took_ns);
        // Only this client's task adds to it.
        let commands = &self.session.client.commands;
        commands.store(commands.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// The command, or the subcommand, that a script names.
fn find<'t>(server: &'t Server, arguments: Arguments<'_>) -> Option<&'t Entry> {
    let entry = server.table.find(arguments.get(0)?).filter(|entry| !entry.is_subcommand)?;
    match arguments.get(1) {
        Some(word) if !entry.command.subcommands.is_empty() => server.table.find_subcommand(entry, word),
        _ => Some(entry),
    }
}

impl Host for ScriptHost<'_, '_> {
    fn call(&mut self, arguments: Arguments<'_>, reply: &mut Reply) -> Outcome {
        let server = self.server;
        // What the script has done itself until now is no command's.
        self.stopwatch.lap_ns();
        let admitted = match self.admit(server, arguments) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                if let Outcome::Refused(text) = &refusal {
                    server.statistics.count_error(text);
                }
                return refusal;
            }
        };
        let entry = admitted.entry;
        self.session.client.last_command.store(entry.index, Ordering::Relaxed);
        let is_checked = server.attention.now().has(Concern::Users);
        let forbidden = is_checked.then(|| access::forbidden_option(&self.session.account, entry, arguments));
        let result = match forbidden.flatten() {
            Some(error) => Err(error),
            None => self.run(&admitted, arguments, reply),
        };
        self.conclude(server, entry, arguments, result, reply);
        Outcome::Replied
    }

    fn permits(&mut self, arguments: Arguments<'_>) -> Option<bool> {
        let entry = find(self.server, arguments)?;
        Some(access::check(&self.session.account.user(), entry, arguments).is_ok())
    }

    fn replicate(&mut self, replication: Replication) {
        self.takers = Takers::NONE;
        if replication.to_file {
            self.takers = self.takers.with(Taker::File);
        }
        if replication.to_replicas {
            self.takers = self.takers.with(Taker::Replicas);
        }
    }

    fn log(&mut self, level: Level, line: &[u8]) {
        log(level, line);
    }

    fn goes_on(&mut self) -> bool {
        if self.running.is_killed() {
            self.end = Some(End::Killed);
            return false;
        }
        if *self.server.stop.borrow() {
            self.end = Some(End::Shutdown);
            return false;
        }
        let elapsed_ms = self.since.elapsed_ms();
        if elapsed_ms >= LONG_MS {
            self.running.hand_off();
        }
        let threshold_ms = self.server.settings().clients.busy_reply_threshold_ms;
        if threshold_ms > 0 && elapsed_ms >= threshold_ms && !self.running.is_slow() {
            let kill = if self.callable.is_function { "FUNCTION KILL" } else { "SCRIPT KILL" };
            tracing::warn!(
                script = self.callable.name,
                "Slow script detected: still in execution after {elapsed_ms} milliseconds. You can try killing \
                 the script using the {kill} command."
            );
            self.running.becomes_slow(&self.callable.name, self.command, elapsed_ms);
        }
        true
    }
}

/// Serves a library while it registers its functions, which must not take long.
pub(super) struct LoadHost {
    began: Instant,
    is_over: bool,
}

/// As long as a library may take to register its functions.
const LOAD_TIME_MAX: Duration = Duration::from_millis(500);

impl LoadHost {
    pub fn new() -> LoadHost {
        LoadHost { began: Instant::now(), is_over: false }
    }

    /// Whether it took too long.
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Host for LoadHost {
    fn call(&mut self, _: Arguments<'_>, _: &mut Reply) -> Outcome {
        Outcome::Refused("ERR a library cannot call commands while it is loaded".to_owned())
    }

    fn permits(&mut self, _: Arguments<'_>) -> Option<bool> {
        None
    }

    fn replicate(&mut self, _: Replication) {}

    fn log(&mut self, level: Level, line: &[u8]) {
        log(level, line);
    }

    fn goes_on(&mut self) -> bool {
        self.is_over |= self.began.elapsed() > LOAD_TIME_MAX;
        !self.is_over
    }
}

fn log(level: Level, line: &[u8]) {
    let line = String::from_utf8_lossy(line);
    match level {
        Level::Debug => tracing::trace!("{line}"),
        Level::Verbose => tracing::debug!("{line}"),
        Level::Notice => tracing::info!("{line}"),
        Level::Warning => tracing::warn!("{line}"),
    }
}
