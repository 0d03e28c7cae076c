//! Saving: the file with everything that can be loaded again, `dump.rdb`.
//!
//! A save takes a snapshot of the keyspace and writes it out ([`file`]) on a thread of its own, while clients go on; nothing
//! is forked. There is one save at a time. This module knows what is being saved, what came of it, and when to save by
//! itself; [`shutdown`] is the save that is the last one.
//!
//! By itself a server saves only where some database is served from memory: what is stored needs no file. A save that was
//! asked for has all databases, which is how one leaves the store.

pub(crate) mod file;
mod queue;
mod shutdown;
pub(crate) mod sink;
pub(crate) mod temporary;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sync::{Condvar, Mutex};

use crate::attention::Concern;
use crate::clock::unix_ms;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;
pub use shutdown::{Shutdown, ShutdownRefused};

/// After a save that failed, the next one by rule is not tried sooner: Redis' `CONFIG_BGSAVE_RETRY_DELAY`.
const RETRY_S: u64 = 5;

/// What a client reads whose command would change what cannot be saved.
pub(crate) const CANNOT_SAVE: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report \
errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for \
details about the RDB error.";

/// Why nothing was saved.
#[derive(Debug)]
pub(crate) enum SaveError {
    /// Another save runs, or something else has a snapshot.
    Runs,
    /// It was told to stop.
    Cancelled,
    /// The file cannot be written, or the databases not be read.
    Failed(String),
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SaveError::Runs => "Background save already in progress",
            SaveError::Cancelled => "The save was cancelled",
            SaveError::Failed(text) => text,
        })
    }
}

/// What is known of saves.
pub(crate) struct Saves {
    state: Mutex<State>,
    /// Told whenever a save ends.
    ended: Condvar,
    /// Of the save that runs: the keys that are written, and how many there are to be.
    pub keys_done: AtomicU64,
    pub keys_total: AtomicU64,
    /// Whether the save that runs is to come to nothing.
    pub is_cancelled: AtomicBool,
    shutdown: shutdown::State,
}

/// What INFO tells of saves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    running: Option<Running>,
    /// Whether a save is to begin as soon as it can.
    pub is_scheduled: bool,
    /// Unix seconds of the last save that worked; before there was one, of the start.
    pub last_save_s: u64,
    last_try_s: u64,
    /// Whether the last save in the background that came to an end worked.
    pub is_last_ok: bool,
    /// How long it took.
    pub last_took: Option<Duration>,
    /// How many have worked.
    pub saves: u64,
    /// How many changes there had been when the last save that worked began.
    changes_saved: u64,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    began: Instant,
    in_background: bool,
}

impl Saves {
    pub fn new(started_ms: u64) -> Saves {
        Saves {
            state: Mutex::new(State {
                running: None,
                is_scheduled: false,
                last_save_s: started_ms / 1000,
                last_try_s: 0,
                is_last_ok: true,
                last_took: None,
                saves: 0,
                changes_saved: 0,
            }),
            ended: Condvar::new(),
            keys_done: AtomicU64::new(0),
            keys_total: AtomicU64::new(0),
            is_cancelled: AtomicBool::new(false),
            shutdown: shutdown::State::default(),
        }
    }

    /// What is known now.
    pub fn state(&self) -> State {
        *self.state.lock()
    }

    /// Has the save that runs in the background, or that is to, come to nothing; says which it was.
    pub fn cancel(&self) -> Option<&'static str> {
        let mut state = self.state.lock();
        match state.running.filter(|running| running.in_background) {
            Some(_) => {
                self.is_cancelled.store(true, Ordering::Relaxed);
                Some("Background saving cancelled")
            }
            None if std::mem::take(&mut state.is_scheduled) => Some("Scheduled background saving cancelled"),
            None => None,
        }
    }

    /// Has a save begin as soon as one can.
    pub fn schedule(&self) {
        self.state.lock().is_scheduled = true;
    }

    /// Begins a save, if there is none.
    fn begin(&self, in_background: bool) -> Result<Running, SaveError> {
        let mut state = self.state.lock();
        if state.running.is_some() {
            return Err(SaveError::Runs);
        }
        let running = Running { began: Instant::now(), in_background };
        self.is_cancelled.store(false, Ordering::Relaxed);
        state.running = Some(running);
        state.is_scheduled = false;
        state.last_try_s = unix_ms() / 1000;
        self.keys_done.store(0, Ordering::Relaxed);
        self.keys_total.store(0, Ordering::Relaxed);
        Ok(running)
    }

    /// Whether the server is about to end.
    pub fn is_ending(&self) -> bool {
        self.shutdown.is_ending()
    }

    /// For how many milliseconds more the shutdown that is under way waits for replicas, if it does.
    pub(crate) fn shutdown_left_ms(&self) -> Option<u64> {
        self.shutdown.left_ms()
    }

    /// Has whatever is being saved come to nothing, and waits until that is so.
    fn stop(&self) {
        let mut state = self.state.lock();
        state.is_scheduled = false;
        while state.running.is_some() {
            self.is_cancelled.store(true, Ordering::Relaxed);
            self.ended.wait(&mut state);
        }
    }
}

impl State {
    /// Whether a save is running, in the background or not.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// For how long a save in the background has been running.
    pub fn running_for(&self) -> Option<Duration> {
        self.running.filter(|running| running.in_background).map(|running| running.began.elapsed())
    }

    /// Changes since what was saved last, of `changes` in all.
    pub fn unsaved(&self, changes: u64) -> u64 {
        changes.saturating_sub(self.changes_saved)
    }
}

impl Server {
    /// Whether some database is lost with the process unless it is saved.
    pub(crate) fn has_unstored_databases(&self) -> bool {
        (0..self.keyspace.databases()).any(|database| !self.keyspace.engine(database).is_stored())
    }

    /// Whether some database is stored.
    pub(crate) fn has_stored_databases(&self) -> bool {
        (0..self.keyspace.databases()).any(|database| self.keyspace.engine(database).is_stored())
    }

    /// Whether this server saves by itself.
    pub(crate) fn saves_by_itself(&self) -> bool {
        !self.settings().persistence.save.is_empty() && self.has_unstored_databases()
    }

    /// Saves on the calling thread, which waits for the disk.
    pub(crate) fn save(&self) -> Result<(), SaveError> {
        let running = self.saves.begin(false)?;
        self.run_save(running, || ())
    }

    /// Begins to save on a thread of its own. What is received says that the snapshot has begun; nothing more comes when it
    /// could not.
    pub(crate) fn save_in_background(self: &Arc<Self>) -> Result<Receiver<()>, SaveError> {
        let running = self.saves.begin(true)?;
        let (begun, receiver) = channel();
        let server = Arc::clone(self);
        let work = move || {
            let tell = || {
                // Who waited may be gone.
                let _ = begun.send(());
            };
            let result = server.run_save(running, tell);
            if let Err(SaveError::Failed(reason)) = result {
                tracing::error!("Background saving error: {reason}");
            }
        };
        match std::thread::Builder::new().name("saver".to_owned()).spawn(work) {
            Ok(_) => Ok(receiver),
            Err(error) => {
                let result = Err(SaveError::Failed(format!("no thread to save on: {error}")));
                self.end_save(running, 0, &result);
                result.map(|()| receiver)
            }
        }
    }

    /// Whether a snapshot is taken, or about to be, for something else than a save, where none runs.
    pub(crate) fn has_other_snapshot(&self) -> bool {
        self.append_only.is_rewriting() || self.keyspace.is_snapshotting()
    }

    fn run_save(&self, running: Running, begun: impl FnOnce()) -> Result<(), SaveError> {
        let mut changes = 0;
        let at_the_instant = || {
            changes = self.statistics.totals().changes;
            begun();
        };
        let result = file::write(self, at_the_instant);
        self.end_save(running, changes, &result);
        result
    }

    fn end_save(&self, running: Running, changes: u64, result: &Result<(), SaveError>) {
        let mut state = self.saves.state.lock();
        let took = running.began.elapsed();
        state.running = None;
        if running.in_background {
            state.last_took = Some(took);
            match result {
                Ok(()) => state.is_last_ok = true,
                // As in Redis: whoever has it end knows of it.
                Err(SaveError::Cancelled) => {}
                // Another snapshot has come first, and nothing is wrong.
                Err(SaveError::Runs) => state.is_scheduled = true,
                Err(_) => state.is_last_ok = false,
            }
        }
        if result.is_ok() {
            state.is_last_ok = true;
            state.last_save_s = unix_ms() / 1000;
            state.saves += 1;
            state.changes_saved = changes;
            tracing::info!(milliseconds = took.as_millis() as u64, "DB saved on disk");
        }
        drop(state);
        self.saves.ended.notify_all();
        self.refuse_what_cannot_be_saved();
    }

    /// Takes over whether commands that change something are to be refused.
    pub(crate) fn refuse_what_cannot_be_saved(&self) {
        let is_refused = !self.saves.state().is_last_ok
            && self.settings().persistence.stop_writes_on_bgsave_error
            && self.saves_by_itself();
        self.attention.set(Concern::CannotSave, is_refused);
    }

    /// Begins a save if there is one to begin: by rule, or because it was asked for while another one ran.
    fn save_if_due(self: &Arc<Self>) {
        let state = self.saves.state();
        if state.running.is_some() || self.loading.is_running() || self.has_other_snapshot() {
            return;
        }
        let now_s = unix_ms() / 1000;
        let may_try = state.is_last_ok || now_s.saturating_sub(state.last_try_s) > RETRY_S;
        let unsaved = state.unsaved(self.statistics.totals().changes);
        let settings = self.settings();
        let due =
            settings.persistence.save.iter().find(|rule| {
                unsaved >= rule.changes && now_s.saturating_sub(state.last_save_s) > rule.seconds
            });
        let due = due.filter(|_| unsaved > 0 && may_try && self.has_unstored_databases());
        if let Some(rule) = due {
            tracing::info!("{} changes in {} seconds. Saving...", rule.changes, rule.seconds);
        }
        if (due.is_some() || state.is_scheduled && may_try)
            && let Err(error) = self.save_in_background()
        {
            tracing::warn!("No save begins: {error}");
        }
    }
}

/// Whether a command is refused because what it would change could not be saved. EXEC does what its commands do; scripts
/// are asked when they begin.
#[cold]
pub(crate) fn is_refused(session: &Session, entry: &Entry) -> bool {
    let is_concerned =
        entry.command.name == "ping" || session.runs(entry).any(|entry| entry.command.is_write());
    is_concerned && !session.server.keyspace.engine(session.database).is_stored()
}

/// Whether scripts may change nothing because it could not be saved.
pub(crate) fn refuses_scripts(session: &Session) -> bool {
    let server = &session.server;
    server.attention.now().has(Concern::CannotSave) && !server.keyspace.engine(session.database).is_stored()
}

/// Saves by rule.
pub(crate) async fn by_rule(server: Arc<Server>) {
    const PERIOD: Duration = Duration::from_millis(100);
    loop {
        tokio::time::sleep(PERIOD).await;
        if server.cron.load(Ordering::Relaxed) {
            server.save_if_due();
        }
    }
}
