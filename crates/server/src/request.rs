//! The way of a request, from its words to its reply.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use commands::{Access, Call, Error, Flag, Handler, Reader, Result, shown};
use keyspace::Tally;
use resp::{Arguments, OwnedArguments, Reply};

use crate::access;
use crate::ahead::Ahead;
use crate::attention::{Concern, Concerns};
use crate::blocking::Arrival;
use crate::clock::Stopwatch;
use crate::eviction;
use crate::loading::LOADING;
use crate::pause;
use crate::saving::{self, CANNOT_SAVE};
use crate::server::Server;
use crate::session::{Queued, ReplyMode, Session};
use crate::statistics::Outcome;
use crate::table::{Entry, Table};
use crate::tracking::Remembering;

/// When a batch of requests is executed.
pub(crate) struct Batch {
    /// Unix milliseconds, the same for the whole batch.
    pub now_ms: u64,
    /// Times the commands.
    pub stopwatch: Stopwatch,
}

impl Batch {
    pub fn begin() -> Batch {
        Batch { now_ms: crate::clock::unix_ms(), stopwatch: Stopwatch::start() }
    }
}

/// A request to be executed.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub arguments: Arguments<'a>,
    /// What is known of it already.
    pub ahead: Option<&'a Ahead<'a>>,
}

/// Executes one request and writes its reply.
#[inline]
pub(crate) fn execute<'a>(
    server: &'a Server,
    session: &mut Session,
    request: Request<'a>,
    reply: &mut Reply,
    batch: &mut Batch,
) {
    let mut begin = reply.len();
    let arguments = request.arguments;
    let concerns = server.attention.now();
    let found = find(&server.table, request);
    if concerns.has(Concern::Pause)
        && !session.is_replaying
        && let Ok(entry) = &found
        && pause::hold_for_primary(server, session, entry)
    {
        return;
    }
    let admitted = found.and_then(|entry| match admit(session, entry, arguments, concerns) {
        Ok(()) => Ok(entry),
        Err(refusal) => {
            server.statistics.count_rejected(entry.index);
            Err(refusal)
        }
    });
    let entry = match admitted {
        Ok(entry) => entry,
        Err(refusal) => {
            let refusal = refuse(session, arguments, refusal);
            server.statistics.count_error(&refusal);
            reply.error(refusal.as_bytes());
            return apply_reply_mode(session, None, reply, begin);
        }
    };
    if concerns.has(Concern::Memory) && session.client.has_mail() {
        // What it is told of keys that went to make room for the command comes before the reply, as in Redis.
        session.client.collect_mail(|mail| reply.raw(mail));
        begin = reply.len();
    }
    if concerns.has(Concern::Pause) && !session.is_replaying && pause::hold(server, session, entry, arguments)
    {
        return;
    }
    if session.transaction.is_some() && !is_transaction_control(entry) {
        enqueue(session, entry, arguments);
        reply.queued();
        return apply_reply_mode(session, None, reply, begin);
    }
    session.client.last_command.store(entry.index, Ordering::Relaxed);
    let mut ready = Vec::new();
    let is_remembered =
        concerns.has(Concern::Tracking) && entry.command.is_read() && session.remembers_reads();
    let is_checked = concerns.has(Concern::Users);
    let forbidden =
        if is_checked { access::forbidden_option(&session.account, entry, arguments) } else { None };
    let result = match forbidden {
        Some(error) => Err(error),
        None => run(session, entry, request, reply, batch.now_ms, is_remembered, &mut ready),
    };
    if concerns.has(Concern::Tracking) {
        session.forget_choice(entry.command.name);
    }
    server.serve_waiting(ready, batch.now_ms);
    let call = Finished { entry, arguments, result, elapsed_ns: batch.stopwatch.lap_ns() };
    conclude(server, session, call, concerns, reply, begin);
    apply_reply_mode(session, Some(entry), reply, begin);
}

/// Runs a command from a log, whose effects nobody waits for.
pub(crate) fn replay(
    session: &mut Session,
    entry: &Entry,
    arguments: Arguments<'_>,
    reply: &mut Reply,
) -> Result<()> {
    let request = Request { arguments, ahead: None };
    run(session, entry, request, reply, crate::clock::unix_ms(), false, &mut Vec::new())
}

/// A command that has run, alone or within a transaction.
pub(crate) struct Finished<'a> {
    pub entry: &'a Entry,
    pub arguments: Arguments<'a>,
    pub result: Result<()>,
    pub elapsed_ns: u64,
}

/// What follows when a command has run: an error becomes its reply, which begins at `begin`; those who watch are
/// told; and it is counted.
#[inline]
pub(crate) fn conclude(
    server: &Server,
    session: &Session,
    call: Finished<'_>,
    concerns: Concerns,
    reply: &mut Reply,
    begin: usize,
) {
    let Finished { entry, arguments, result, elapsed_ns } = call;
    // What a script calls is shown after what called it, which is long over here.
    if concerns.has(Concern::Monitor) && !matches!(entry.command.handler, Handler::Script) {
        server.monitors.show(session, entry.command, arguments);
    }
    if let Err(error) = &result {
        let text = error.text(entry.command.name);
        if !session.has_counted_error.take() {
            server.statistics.count_error(&text);
        }
        reply.truncate(begin);
        reply.error(text.as_bytes());
    }
    let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
    server.statistics.count_call(entry.index, elapsed_ns, outcome);
    if concerns.has(Concern::Replication) {
        crate::replication::note_own_keys(session, entry, arguments);
    }
    // One that waits is slow only if it is when it goes on.
    if session.waiting.is_none() {
        server.note_time(&session.client, entry, arguments, elapsed_ns);
    }
}

/// The command that the request names, or the error that says that there is none.
#[inline]
fn find<'t>(table: &'t Table, request: Request<'t>) -> std::result::Result<&'t Entry, String> {
    let arguments = request.arguments;
    let name = arguments.get(0).unwrap_or_default();
    let entry = match request.ahead {
        Some(ahead) => ahead.entry,
        None => table.find(name),
    };
    let entry = entry.filter(|entry| !entry.is_subcommand).ok_or_else(|| unknown_command(arguments))?;
    if entry.command.subcommands.is_empty() {
        return Ok(entry);
    }
    match arguments.get(1) {
        Some(word) => table.find_subcommand(entry, word).ok_or_else(|| unknown_subcommand(name, word)),
        None => Ok(entry),
    }
}

#[cold]
fn unknown_command(arguments: Arguments<'_>) -> String {
    /// As much of the request as Redis repeats.
    const SHOWN_BYTES_MAX: usize = 128;
    let text = |bytes: &[u8]| shown(bytes).into_owned();
    let name = arguments.get(0).unwrap_or_default();
    let mut shown = String::new();
    for word in arguments.iter().skip(1) {
        if shown.len() >= SHOWN_BYTES_MAX {
            break;
        }
        let room = SHOWN_BYTES_MAX - shown.len();
        shown.push_str(&format!("'{}' ", text(&word[..word.len().min(room)])));
    }
    let name = text(&name[..name.len().min(SHOWN_BYTES_MAX)]);
    format!("ERR unknown command '{name}', with args beginning with: {shown}")
}

#[cold]
fn unknown_subcommand(name: &[u8], word: &[u8]) -> String {
    let (name, word) = (shown(name).to_uppercase(), shown(word));
    let word: String = word.chars().take(128).collect();
    format!("ERR unknown subcommand '{word}'. Try {name} HELP.")
}

/// Whether this client may run this command now.
#[inline]
fn admit(
    session: &Session,
    entry: &Entry,
    arguments: Arguments<'_>,
    concerns: Concerns,
) -> std::result::Result<(), String> {
    if !entry.accepts(arguments.len()) {
        return Err(Error::WrongArity.text(entry.command.name).into_owned());
    }
    if session.is_replaying {
        // Whoever sends what was done decided whether it might be.
        return Ok(());
    }
    if session.must_log_in() && !entry.command.has(Flag::NoAuth) {
        return Err("NOAUTH Authentication required.".to_owned());
    }
    if session.transaction.is_some() && entry.command.has(Flag::NoMulti) {
        return Err(Error::new("Command not allowed inside a transaction").text("").into_owned());
    }
    if concerns.has(Concern::Users) {
        access::admit(session, entry, arguments)?;
    }
    if session.subscriptions.restrict(session.version) && !entry.is_allowed_while_subscribed {
        let name = entry.command.name;
        return Err(format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
             this context"
        ));
    }
    if concerns.has(Concern::Loading) && !entry.command.has(Flag::Loading) {
        return Err(LOADING.to_owned());
    }
    if concerns.has(Concern::CannotSave) && saving::is_refused(session, entry) {
        return Err(CANNOT_SAVE.to_owned());
    }
    if concerns.has(Concern::Unwritten)
        && let Some(refusal) =
            session.runs(entry).find_map(|entry| session.server.cannot_write(session.database, entry))
    {
        return Err(refusal);
    }
    if concerns.has(Concern::Busy) && !entry.command.has(Flag::AllowBusy) {
        return Err(session.server.scripting.running.busy_error().to_owned());
    }
    if concerns.has(Concern::Replication) {
        crate::replication::admit(session, entry)?;
    }
    if concerns.has(Concern::Memory) { eviction::admit(session, entry) } else { Ok(()) }
}

/// What a refused request leaves behind, and the error that the client reads.
#[cold]
fn refuse(session: &mut Session, arguments: Arguments<'_>, refusal: String) -> String {
    let name = arguments.get(0).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:") {
        // A browser that a web page led here must not get to the commands in the body of its request.
        tracing::warn!(
            client = %session.client.address,
            "Possible SECURITY ATTACK detected: a client speaks HTTP, connection closed"
        );
        session.client.close_after_reply();
    }
    if name.eq_ignore_ascii_case(b"exec") {
        // A failed EXEC always says that the transaction is gone, even where there was none.
        session.discard_transaction();
        if refusal.starts_with(crate::replication::REDIRECT) {
            return refusal;
        }
        let reason = refusal.strip_prefix("ERR ").unwrap_or(&refusal);
        return format!("EXECABORT Transaction discarded because of: {reason}");
    }
    if let Some(transaction) = &mut session.transaction {
        transaction.is_broken = true;
    }
    refusal
}

/// The commands that act on a transaction instead of joining it.
fn is_transaction_control(entry: &Entry) -> bool {
    matches!(entry.command.name, "multi" | "exec" | "discard" | "watch" | "quit" | "reset")
}

fn enqueue(session: &mut Session, entry: &Entry, arguments: Arguments<'_>) {
    let Some(transaction) = &mut session.transaction else { return };
    let arguments = OwnedArguments::from(arguments);
    session.client.queued_bytes.fetch_add(arguments.memory_bytes(), Ordering::Relaxed);
    transaction.queued.push(Queued { entry: entry.index, arguments });
    session.client.queued.store(transaction.queued.len() as i64, Ordering::Relaxed);
}

/// Runs the command's function: on the keyspace, or on the session.
#[inline]
fn run(
    session: &mut Session,
    entry: &Entry,
    request: Request<'_>,
    reply: &mut Reply,
    now_ms: u64,
    is_remembered: bool,
    ready: &mut Vec<keyspace::DatabaseKey>,
) -> Result<()> {
    let Request { arguments, ahead } = request;
    match (entry.run, entry.command.handler) {
        (Some(run), _) => run(session, arguments, reply),
        (None, Handler::Read(run) | Handler::Write(run)) => {
            session.renew_context(now_ms);
            let remembering = Remembering { server: &session.server, client: session.client.id };
            let mut call = Call {
                arguments,
                first_key: ahead.and_then(|ahead| ahead.first_key),
                reply,
                access: Access::Own(&session.server.keyspace, &session.context),
                tally: Tally::default(),
                reader: is_remembered.then_some(&remembering as &dyn Reader),
                waiting_room: None,
            };
            let result = run(&mut call);
            let tally = call.tally;
            session.note_changes(&tally);
            *ready = session.server.take_in(tally, Some(session.client.id));
            result
        }
        (None, Handler::Blocking(run) | Handler::BlockingRead(run)) => {
            let context = session.context(now_ms);
            let begin = reply.len();
            let client = Arc::clone(&session.client);
            let server = Arc::clone(&session.server);
            let remembering = Remembering { server: &server, client: client.id };
            let mut arrival = Arrival {
                blocked: &server.blocked,
                client: &client,
                arguments,
                entry,
                context,
                account: &session.account,
                version: session.version,
                is_remembered,
                waiting: None,
            };
            let mut call = Call {
                arguments,
                first_key: ahead.and_then(|ahead| ahead.first_key),
                reply,
                access: Access::Own(&server.keyspace, &context),
                tally: Tally::default(),
                reader: is_remembered.then_some(&remembering as &dyn Reader),
                waiting_room: Some(&mut arrival),
            };
            let result = run(&mut call);
            let tally = std::mem::take(&mut call.tally);
            let waiting = arrival.waiting.take();
            session.note_changes(&tally);
            *ready = server.take_in(tally, Some(session.client.id));
            if let Some((waiter, timeout_ms)) = waiting {
                reply.truncate(begin);
                reply.null_array();
                waiter.set_timeout_reply(&reply.as_bytes()[begin..]);
                reply.truncate(begin);
                let until_ms =
                    timeout_ms.map(|timeout_ms| crate::clock::unix_ms().saturating_add(timeout_ms));
                session.waiting = Some((waiter, until_ms));
                session.waiting_in = Some(entry.command);
                session.set_blocked(true);
            }
            result
        }
        (None, Handler::Script) => {
            *ready = crate::scripting::run(session, entry, arguments, reply, now_ms, None)?;
            Ok(())
        }
        (None, Handler::Container | Handler::Session | Handler::Admin) => Err(Error::WrongArity),
    }
}

/// Drops the reply, which begins at `begin`, where the client wants none; but what `entry` says of subscriptions is a
/// message and no reply.
#[inline]
fn apply_reply_mode(session: &mut Session, entry: Option<&Entry>, reply: &mut Reply, begin: usize) {
    if session.reply_mode == ReplyMode::On {
        return;
    }
    if !entry.is_some_and(|entry| entry.command.name.ends_with("subscribe")) {
        reply.truncate(begin);
    }
    session.reply_mode = match session.reply_mode {
        ReplyMode::SkipNext => ReplyMode::Skip,
        ReplyMode::Skip | ReplyMode::On => ReplyMode::On,
        ReplyMode::Off => ReplyMode::Off,
    };
}
