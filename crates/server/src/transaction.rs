//! EXEC: the queued commands, as one.

use std::sync::atomic::Ordering;

use commands::{Access, Call, Error, Handler, Reader, Result, Scope};
use keyspace::{DatabaseKey, Key, Needs, Tally, WriteTxn};
use resp::{Arguments, Reply};

use crate::access;
use crate::attention::Concern;
use crate::clock::{Stopwatch, unix_ms};
use crate::request::{Finished, conclude};
use crate::server::Server;
use crate::session::{Queued, Session, Watched};
use crate::table::Entry;
use crate::tracking::Remembering;

/// Runs the transaction that was put together and writes the replies of its commands, or says why it does not.
///
/// All slots that the queued commands declare are locked at once, together with those of the watched keys, so
/// that nobody sees or changes anything in between.
pub(crate) fn exec(session: &mut Session, reply: &mut Reply) -> Result<()> {
    let Some(transaction) = session.transaction.take() else {
        return Err(Error::fixed("ERR EXEC without MULTI"));
    };
    let server = std::sync::Arc::clone(&session.server);
    let watched = session.watched.take();
    let result = if transaction.is_broken {
        Err(Error::fixed("EXECABORT Transaction discarded because of previous errors."))
    } else {
        run_all(&server, session, &transaction.queued, watched.as_ref(), reply)
            .map(|ready| server.serve_waiting(ready, unix_ms()))
    };
    session.watched = watched;
    session.discard_transaction();
    result
}

/// The keys that commands made ready for those who wait; an error when nothing of it all was done.
fn run_all(
    server: &Server,
    session: &mut Session,
    queued: &[Queued],
    watched: Option<&Watched>,
    reply: &mut Reply,
) -> Result<Vec<DatabaseKey>> {
    let now_ms = unix_ms();
    let needs = needs(server, queued, watched);
    let context = session.context(now_ms);
    let mut txn = if queued.iter().any(|queued| is_script(server, queued)) {
        server.keyspace.write_growing(&needs, context)
    } else {
        server.keyspace.write(&needs, context)
    };
    if watched.is_some_and(|watched| has_changed(&mut txn, watched)) {
        match reply.version() {
            resp::Version::Resp2 => reply.null_array(),
            resp::Version::Resp3 => reply.null(),
        }
        return Ok(Vec::new());
    }
    reply.array(queued.len());
    let mut stopwatch = Stopwatch::start();
    let exec = session.client.last_command.load(Ordering::Relaxed);
    for queued in queued {
        let Some(entry) = server.table.at(queued.entry) else { continue };
        let arguments = queued.arguments.as_arguments();
        let begin = reply.len();
        let is_checked = server.attention.now().has(Concern::Users) && !session.is_replaying;
        if is_checked {
            session.client.last_command.store(exec, Ordering::Relaxed);
            if let Err(refusal) = access::admit_queued(session, entry, arguments) {
                let refusal = refusal.text(entry.command.name);
                server.statistics.count_rejected(entry.index);
                server.statistics.count_error(&refusal);
                reply.error(refusal.as_bytes());
                continue;
            }
        }
        session.client.last_command.store(entry.index, Ordering::Relaxed);
        // CLIENT CACHING may be one of the commands, and holds to the end of them.
        let is_remembered = session.remembers_reads();
        if looks_at_all(entry, queued) {
            txn.publish();
        }
        let forbidden =
            if is_checked { access::forbidden_option(&session.account, entry, arguments) } else { None };
        let result = match forbidden {
            Some(error) => Err(error),
            None => run_one(session, entry, arguments, reply, &mut txn, now_ms),
        };
        if is_remembered {
            // What was changed before it was read was no news to the reader; what is changed later will be.
            let (changed, emptied) = txn.take_changed();
            server.invalidate(&changed, emptied, Some(session.client.id));
        }
        if is_remembered
            && entry.command.is_read()
            && let Ok((_, keys)) = (entry.command.keys)(arguments)
        {
            let remembering = Remembering { server, client: session.client.id };
            keys.iter().for_each(|key| remembering.has_read(key));
        }
        let call = Finished { entry, arguments, result, elapsed_ns: stopwatch.lap_ns() };
        conclude(server, session, call, server.attention.now(), reply, begin);
    }
    session.client.last_command.store(exec, Ordering::Relaxed);
    let tally = txn.commit()?;
    drop(txn);
    session.note_changes(&tally);
    Ok(server.take_in(tally, Some(session.client.id)))
}

/// Runs one of the queued commands.
fn run_one(
    session: &mut Session,
    entry: &Entry,
    arguments: Arguments<'_>,
    reply: &mut Reply,
    txn: &mut WriteTxn<'_>,
    now_ms: u64,
) -> Result<()> {
    match (entry.run, entry.command.handler) {
        (Some(run), _) => {
            session.is_in_exec = true;
            let result = run(session, arguments, reply);
            session.is_in_exec = false;
            txn.set_context(session.context(now_ms));
            result
        }
        (
            None,
            Handler::Read(run) | Handler::Write(run) | Handler::Blocking(run) | Handler::BlockingRead(run),
        ) => run(&mut Call {
            arguments,
            first_key: None,
            reply,
            access: Access::Within(txn),
            tally: Tally::default(),
            reader: None,
            waiting_room: None,
        }),
        (None, Handler::Script) => {
            let result = crate::scripting::run(session, entry, arguments, reply, now_ms, Some(&mut *txn));
            // The database that it has chosen was its own.
            txn.set_context(session.context(now_ms));
            result.map(|_| ())
        }
        (None, Handler::Container | Handler::Session | Handler::Admin) => Err(Error::WrongArity),
    }
}

/// Whether the command may look at more than its keys, as DBSIZE and INFO do.
fn looks_at_all(entry: &Entry, queued: &Queued) -> bool {
    entry.run.is_some()
        || (entry.command.keys)(queued.arguments.as_arguments()).is_ok_and(|(scope, _)| scope != Scope::Keys)
}

/// Whether the command may turn out to touch more than the keys that it declares.
fn is_script(server: &Server, queued: &Queued) -> bool {
    server.table.at(queued.entry).is_some_and(|entry| matches!(entry.command.handler, Handler::Script))
}

/// The slots that the commands and the watched keys need. A command whose words cannot be read will say so when
/// it runs, without any slot.
fn needs(server: &Server, queued: &[Queued], watched: Option<&Watched>) -> Needs {
    let watched = watched.iter().flat_map(|watched| &watched.keys);
    let mut needs = Needs::of_slots(watched.map(|(key, _)| base::slot::slot(&key.name)).collect());
    for queued in queued {
        let Some(entry) = server.table.at(queued.entry) else { continue };
        if entry.run.is_some() {
            continue;
        }
        if let Ok((scope, keys)) = (entry.command.keys)(queued.arguments.as_arguments()) {
            let own = match scope {
                Scope::Keys => Needs::of_slots(keys.iter().map(|key| key.slot).collect()),
                Scope::BySlot | Scope::Everything => Needs::All,
            };
            needs = needs.and(own);
        }
    }
    needs
}

/// Whether any watched key was changed, or has expired, since the watch began.
fn has_changed(txn: &mut WriteTxn<'_>, watched: &Watched) -> bool {
    let gone = |(key, was_there): &(DatabaseKey, bool)| {
        *was_there && txn.peek_in(key.database, &Key::new(&key.name)).is_none()
    };
    watched.flag.load(Ordering::Relaxed) || watched.keys.iter().any(gone)
}
