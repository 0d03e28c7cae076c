//! Scripts and functions: EVAL, FCALL and what they need.
//!
//! A script is atomic: it has the slots of the keys that it declares from its beginning to its end, and its changes are
//! one transaction's, as those of EXEC are. Most scripts touch nothing else. Those that do, such as the queues that make
//! the names of keys from others, may have to wait for a slot while they hold some; only whoever has the keyspace's
//! escalation may, and there is one. So it is found out which scripts need it ([`callable::Reach`]): a script that
//! nobody knows yet runs with it, unless somebody keeps it for long; one that has kept to its keys runs without.
//!
//! When a script that was known to keep to its keys does not, it is run again, with the escalation, if it has changed
//! nothing yet. If it has, it tries for the slot, and ends with an error if it does not get it.

mod callable;
mod functions;
mod host;
mod libraries;
mod running;
mod scripts;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commands::{Command, Error, Result};
use keyspace::{DatabaseKey, Key, SlotsOfKeys, WriteTxn};
use resp::{Arguments, Reply};
use scripting::{Digest, Failure, Flags, Header, Returned, Vm};

pub(crate) use self::callable::{Callable, Reach};
pub(crate) use self::functions::{Function, Functions, Library, Registry};
use self::host::{End, LoadHost, ScriptHost};
pub(crate) use self::running::Killer;
use self::running::RunState;
pub(crate) use self::running::Running;
pub(crate) use self::scripts::Scripts;
use self::worker::{Worker, with_worker};
use crate::attention::Concern;
use crate::eviction::is_short_of_memory;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;

/// What the server knows of scripts.
#[derive(Default)]
pub struct Scripting {
    /// The scripts that clients have sent.
    pub(crate) scripts: Scripts,
    /// The libraries of functions.
    pub(crate) functions: Functions,
    /// Those that run.
    pub(crate) running: Running,
    /// Whether scripts may call what is not for them, as DEBUG SET-DISABLE-DENY-SCRIPTS has it for tests.
    pub(crate) may_call_all: AtomicBool,
}

/// What a client asks for: a script or a function by its text or its name, and what to call it with.
struct Request<'a> {
    what: &'a [u8],
    words: Words<'a>,
    is_read_only: bool,
}

/// What a script is called with.
#[derive(Clone, Copy)]
struct Words<'a> {
    arguments: Arguments<'a>,
    keys: usize,
}

impl<'a> Words<'a> {
    fn keys(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.arguments.iter().take(self.keys)
    }
}

impl<'a> Request<'a> {
    /// Reads `EVAL what numkeys key … argument …`.
    fn read(arguments: Arguments<'a>, name: &str) -> Result<Request<'a>> {
        let what = arguments.get(1).ok_or(Error::WrongArity)?;
        let count = arguments.get(2).ok_or(Error::WrongArity)?;
        let count = base::number::parse_i64(count).ok_or(match name.starts_with("fcall") {
            true => Error::fixed("ERR Bad number of keys provided"),
            false => Error::NotInteger,
        })?;
        let rest = arguments.skip(3);
        if count > rest.len() as i64 {
            return Err(Error::fixed("ERR Number of keys can't be greater than number of args"));
        }
        let keys =
            usize::try_from(count).map_err(|_| Error::fixed("ERR Number of keys can't be negative"))?;
        Ok(Request { what, words: Words { arguments: rest, keys }, is_read_only: name.ends_with("_ro") })
    }
}

/// What EVALSHA says where there is no such script.
pub(crate) const NO_SCRIPT: Error = Error::fixed("NOSCRIPT No matching script. Please use EVAL.");
const NO_FUNCTION: Error = Error::fixed("ERR Function not found");

/// Runs a command that runs a script, within the transaction `within` if there is one. Returns the keys that it made
/// ready for those who wait; within a transaction they are the transaction's to tell.
pub(crate) fn run(
    session: &mut Session,
    entry: &Entry,
    arguments: Arguments<'_>,
    reply: &mut Reply,
    now_ms: u64,
    within: Option<&mut WriteTxn<'_>>,
) -> Result<Vec<DatabaseKey>> {
    let server = Arc::clone(&session.server);
    if server.attention.now().has(Concern::Monitor) {
        server.monitors.show_call(session, arguments);
    }
    let name = entry.command.name;
    let request = Request::read(arguments, name).map_err(|error| {
        // Redis looks for the function, and at the length of a digest, before anything else.
        let is_missing = |what| server.scripting.functions.now().find(what).is_none();
        match arguments.get(1) {
            Some(what) if name.starts_with("fcall") && is_missing(what) => NO_FUNCTION,
            Some(what) if name.starts_with("evalsha") && scripting::Digest::try_from(what).is_err() => {
                NO_SCRIPT
            }
            _ => error,
        }
    })?;
    let is_short_of_memory = is_short_of_memory(session);
    let cannot_save = crate::saving::refuses_scripts(session);
    let refusal = crate::replication::refusal_of_writes(session);
    let meets_stale_data = crate::replication::meets_stale_data(session);
    with_worker(&server, |worker| {
        let start = |worker: &Worker, callable: &Callable, function: &scripting::Function| {
            let run = Run {
                server: &server,
                vm: worker.vm(),
                state: worker.state(),
                callable,
                function,
                command: arguments,
                words: request.words,
                is_read_only: request.is_read_only,
                now_ms,
                is_short_of_memory: is_short_of_memory && !callable.may_exceed_memory(),
                cannot_save,
                refusal,
                meets_stale_data,
            };
            run.check()?;
            run.start(session, reply, within)
        };
        if name.starts_with("fcall") {
            let registry = server.scripting.functions.now();
            let found = registry.find(request.what).ok_or(NO_FUNCTION)?;
            let (library, index) = found;
            let function = worker.function(library, index)?;
            return start(worker, &library.functions[index].callable, &function);
        }
        let script = match name {
            "evalsha" | "evalsha_ro" => worker.script_by_digest(&server, request.what)?,
            _ => worker.script(&server, request.what)?,
        };
        start(worker, &script.script.callable, &script.function)
    })?
}

/// The library that `code` makes.
pub(crate) fn make_library(server: &Arc<Server>, code: &[u8]) -> Result<Library> {
    with_worker(server, |worker| {
        server.scripting.functions.make(code, |text| {
            let mut host = LoadHost::new();
            let library = worker.vm().load_library(text, &mut host);
            if host.is_over() {
                return Err(Error::new("FUNCTION LOAD timeout"));
            }
            let library = library.map_err(Error::new)?;
            Ok(library.functions.into_iter().map(|(declaration, _)| declaration).collect())
        })
    })?
}

/// One run of a script or a function.
struct Run<'a> {
    server: &'a Server,
    vm: &'a Vm,
    state: &'a RunState,
    callable: &'a Callable,
    function: &'a scripting::Function,
    /// The client's request.
    command: Arguments<'a>,
    words: Words<'a>,
    is_read_only: bool,
    now_ms: u64,
    /// Whether there was too little memory when it began.
    is_short_of_memory: bool,
    /// Whether what it changes could not be saved.
    cannot_save: bool,
    /// Why it may change nothing, as far as that is the primary's or the replicas' to say.
    refusal: Option<&'static str>,
    /// Whether there is only data that may be stale, and that is not to be served.
    meets_stale_data: bool,
}

impl Run<'_> {
    /// Whether its flags allow to run it so.
    fn check(&self) -> Result<()> {
        let may_write = self.callable.flags.is_some_and(|flags| !flags.has(Flags::NO_WRITES));
        if self.is_read_only && may_write {
            return Err(Error::new("Can not execute a script with write flag using *_ro command."));
        }
        if self.meets_stale_data && self.callable.flags.is_some_and(|flags| !flags.has(Flags::ALLOW_STALE)) {
            return Err(Error::fixed(crate::replication::MASTERDOWN));
        }
        if let Some(refusal) = self.refusal.filter(|_| may_write) {
            return Err(Error::fixed(refusal));
        }
        if self.cannot_save && may_write {
            return Err(Error::fixed(crate::saving::CANNOT_SAVE));
        }
        if self.is_short_of_memory && self.callable.flags.is_some() {
            return Err(Error::fixed(
                "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
            ));
        }
        Ok(())
    }

    fn may_write(&self) -> bool {
        !self.is_read_only && !self.callable.flags.is_some_and(|flags| flags.has(Flags::NO_WRITES))
    }

    fn start(
        &self,
        session: &mut Session,
        reply: &mut Reply,
        within: Option<&mut WriteTxn<'_>>,
    ) -> Result<Vec<DatabaseKey>> {
        let server = self.server;
        if let Some(txn) = within {
            let (_, result) = self.attempt(session, txn, false, reply);
            return result.map(|()| Vec::new());
        }
        let mut slots = SlotsOfKeys::default();
        self.words.keys().for_each(|key| slots.add(Key::new(key)));
        let needs = slots.needs();
        loop {
            let begin = reply.len();
            let reach = self.callable.reach();
            let context = session.context(self.now_ms);
            let mut txn = match reach {
                Reach::OwnKeys => server.keyspace.write(&needs, context),
                Reach::Unknown => server.keyspace.write_perhaps_growing(&needs, context),
                Reach::OtherKeys => server.keyspace.write_growing(&needs, context),
            };
            let may_restart = !txn.is_growing();
            let (end, result) = self.attempt(session, &mut txn, may_restart, reply);
            let tally = txn.commit();
            drop(txn);
            let tally = tally?;
            session.note_changes(&tally);
            let ready = server.take_in(tally, Some(session.client.id));
            if end == Some(End::Restart) {
                reply.truncate(begin);
                continue;
            }
            if result.is_err() {
                // What it did before it failed stays done, and those who waited for it learn of it.
                server.serve_waiting(ready, self.now_ms);
                return result.map(|()| Vec::new());
            }
            return Ok(ready);
        }
    }

    /// Runs it once. With `may_restart` it ends where it touches a key that it has not declared.
    fn attempt(
        &self,
        session: &mut Session,
        txn: &mut WriteTxn<'_>,
        may_restart: bool,
        reply: &mut Reply,
    ) -> (Option<End>, Result<()>) {
        let server = self.server;
        let begin = reply.len();
        let exec = session.client.last_command.load(Ordering::Relaxed);
        let database = session.database;
        let is_function = self.callable.is_function;
        let running = server.scripting.running.begin(self.state, is_function, &server.attention);
        let mut host = ScriptHost::new(server, session, txn, &running, self, may_restart);
        let Words { arguments, keys } = self.words;
        let result = match is_function {
            true => self.vm.call(self.function, arguments, keys, &mut host, reply),
            false => self.vm.run(self.function, arguments, keys, &mut host, reply),
        };
        let (end, touched_others) = (host.end, host.touched_others);
        drop(running);
        self.state.has_used(self.vm.used_bytes());
        if session.database != database {
            session.select(database);
        }
        session.client.last_command.store(exec, Ordering::Relaxed);
        self.callable.has_reached(touched_others);
        let result = match result {
            Ok(Returned::Value) => Ok(()),
            Ok(returned) => {
                session.has_counted_error.set(returned == Returned::CountedError);
                let line = reply.as_bytes().get(begin + 1..).unwrap_or_default();
                let text = String::from_utf8_lossy(line.strip_suffix(b"\r\n").unwrap_or(line));
                Err(Error::Text(text.into_owned().into()))
            }
            Err(failure) => {
                session.has_counted_error.set(failure.is_counted);
                Err(self.error(failure, end))
            }
        };
        (end, result)
    }

    /// The error that the client reads.
    fn error(&self, failure: Failure, end: Option<End>) -> Error {
        let text = match end {
            Some(End::Killed) if self.callable.is_function => {
                "ERR Script killed by user with FUNCTION KILL.".into()
            }
            Some(End::Killed) => "ERR Script killed by user with SCRIPT KILL.".into(),
            Some(End::Undeclared) => {
                "ERR Script tried to access a key that it did not declare and that is in use, after it had \
                 written: declare all keys"
                    .into()
            }
            Some(End::Shutdown) => "ERR Script stopped: the server shuts down.".into(),
            Some(End::Restart) | None => String::from_utf8_lossy(&failure.text).into_owned(),
        };
        let name = &self.callable.name;
        Error::Text(match failure.place {
            Some((source, line)) => format!("{text} script: {name}, on {source}:{line}.").into(),
            None => text.into(),
        })
    }
}

/// Whether what a request to run a script or a function names may change something, as far as its flags say.
#[cold]
pub(crate) fn may_write(server: &Server, command: &Command, arguments: Arguments<'_>) -> bool {
    let what = arguments.get(1).unwrap_or_default();
    let flags = match command.name {
        "fcall" => {
            let registry = server.scripting.functions.now();
            registry.find(what).and_then(|(library, index)| library.functions[index].callable.flags)
        }
        "evalsha" => {
            let digest = Digest::try_from(what.to_ascii_lowercase()).ok();
            let script = digest.and_then(|digest| server.scripting.scripts.find(&digest));
            script.and_then(|script| script.callable.flags)
        }
        "eval" => Header::of(what).ok().flatten().and_then(|header| header.script_flags().ok()),
        _ => return false,
    };
    !flags.is_some_and(|flags| flags.has(Flags::NO_WRITES))
}

/// Loads a script without running it, and has it stay.
pub(crate) fn load(session: &Session, text: &[u8]) -> Result<Digest> {
    let server = &session.server;
    let script = with_worker(server, |worker| worker.script(server, text))??;
    server.scripting.scripts.keep(&script.script);
    Ok(script.script.digest)
}
