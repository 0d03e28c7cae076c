//! CLIENT PAUSE: clients wait, with their requests unread, until an administrator has moved house.
//!
//! A request that has to wait stays where its connection keeps what it has not executed yet, and is executed as if
//! it had just arrived when the pause is over. So nothing is reordered, and a pause holds no worker.

use std::sync::atomic::Ordering;

use commands::{Command, Flag, Handler};
use resp::Arguments;
use sync::Mutex;

use crate::attention::{Attention, Concern};
use crate::client::ClientFlag;
use crate::scripting;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;

/// What waits; the later one is the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Commands that change the keyspace, or may have something to tell replicas.
    Writes,
    /// All commands.
    All,
}

/// The pause that there is, or none.
#[derive(Default)]
pub struct Pause {
    current: Mutex<Option<Current>>,
}

#[derive(Clone, Copy)]
struct Current {
    scope: Scope,
    until_ms: u64,
}

/// A request that waits for the end of a pause.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Whether a pause of writes holds it.
    is_write: bool,
}

impl Pause {
    /// Has clients wait until `until_ms`. A pause that there is already is made longer and stricter, never shorter
    /// or milder.
    pub fn begin(&self, scope: Scope, until_ms: u64, now_ms: u64, attention: &Attention) {
        let mut current = self.current.lock();
        let before = current.filter(|pause| pause.until_ms > now_ms).unwrap_or(Current { scope, until_ms });
        *current = Some(Current { scope: scope.max(before.scope), until_ms: until_ms.max(before.until_ms) });
        attention.set(Concern::Pause, true);
    }

    fn end(&self, attention: &Attention) {
        *self.current.lock() = None;
        attention.set(Concern::Pause, false);
    }

    /// The pause at this moment; one whose time is over is ended.
    fn at(&self, now_ms: u64, attention: &Attention) -> Option<Current> {
        let mut current = self.current.lock();
        if current.is_some_and(|pause| pause.until_ms <= now_ms) {
            *current = None;
            attention.set(Concern::Pause, false);
        }
        *current
    }
}

impl Server {
    /// Whether there is a pause, during which nothing is removed because its time has come.
    pub(crate) fn is_paused(&self) -> bool {
        self.attention.now().has(Concern::Pause)
            && self.pause.at(crate::clock::unix_ms(), &self.attention).is_some()
    }

    /// Until when, in Unix milliseconds, this request has to wait, if it has to.
    pub(crate) fn held_until_ms(&self, held: Held) -> Option<u64> {
        let pause = self.pause.at(crate::clock::unix_ms(), &self.attention)?;
        (held.is_write || pause.scope == Scope::All).then_some(pause.until_ms)
    }

    /// Ends the pause; those who waited go on.
    pub(crate) fn end_pause(&self) {
        self.pause.end(&self.attention);
        for client in self.clients.all().iter().filter(|client| client.has(ClientFlag::Blocked)) {
            client.wake();
        }
    }
}

/// Whether a pause holds this command; then the session waits.
#[cold]
pub(crate) fn hold(server: &Server, session: &mut Session, entry: &Entry, arguments: Arguments<'_>) -> bool {
    let held = Held { is_write: is_write(session, entry.command, arguments) };
    hold_as(server, session, entry, held)
}

/// Whether the client waits to be sent to the primary with this command: while a failover makes replicas of both sides,
/// neither sends clients to the other.
#[cold]
pub(crate) fn hold_for_primary(server: &Server, session: &mut Session, entry: &Entry) -> bool {
    server.is_handing_over()
        && crate::replication::is_for_primary(session, entry)
        && hold_as(server, session, entry, Held { is_write: true })
}

fn hold_as(server: &Server, session: &mut Session, entry: &Entry, held: Held) -> bool {
    if server.held_until_ms(held).is_none() {
        return false;
    }
    session.client.last_command.store(entry.index, Ordering::Relaxed);
    session.hold(held);
    true
}

/// Whether it changes keys or may replicate; EXEC does what its commands do.
fn is_write(session: &Session, command: &Command, arguments: Arguments<'_>) -> bool {
    let server = &session.server;
    let writes = |command: &Command, arguments: Arguments<'_>| match command.handler {
        Handler::Script => scripting::may_write(server, command, arguments),
        _ => command.is_write() || command.has(Flag::MayReplicate),
    };
    let mut queued = session.transaction.iter().flat_map(|transaction| &transaction.queued);
    writes(command, arguments)
        || command.name == "exec"
            && queued.any(|queued| {
                let entry = server.table.at(queued.entry);
                entry.is_some_and(|entry| writes(entry.command, queued.arguments.as_arguments()))
            })
}
