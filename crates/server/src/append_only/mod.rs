//! The append-only file of a server: loaded at its start, written while it runs, rewritten when it has grown.
//!
//! The room `log` writes and reads the bytes; here they are made commands again ([`replay`]), a base is made of a snapshot
//! ([`rewrite`]), and clients are refused while what they would change could not be written.
//!
//! Only databases that are served from memory are in it. Those that are stored have a journal of their own.

mod base;
mod lanes;
mod replay;
mod rewrite;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use config::Settings;
use config::table::persistence::AppendFsync;
use keyspace::{Keyspace, Taker};
use log::{AppendOnly, Fsync, Options, Stream};
use sync::Mutex;
use tokio::sync::Notify;

pub(crate) use self::rewrite::Refusal;
use self::rewrite::Status;
use crate::attention::Concern;
use crate::loading::{IntoStored, Taking};
use crate::replication::saved::{self, load_and_resume};
use crate::server::Server;
use crate::table::Entry;

/// What the server knows of its append-only file.
pub struct Appending {
    /// The files.
    pub(crate) files: AppendOnly,
    /// Told when somebody begins to wait for the disk.
    pub(crate) awaited: Notify,
    /// What became of rewrites.
    status: Mutex<Status>,
    /// Whether one is under way, and whether it is to be given up.
    is_rewriting: AtomicBool,
    is_given_up: AtomicBool,
    /// Whether none may begin, since what is there is about to be replaced.
    is_held: AtomicBool,
    /// Whether one is to begin when whatever is in its way is over.
    is_scheduled: AtomicBool,
}

/// Where the files are.
fn options(settings: &Settings) -> Options {
    let persistence = &settings.persistence;
    // Relative to `dir`, which is the working directory.
    Options {
        dir: PathBuf::from(&persistence.appenddirname),
        name: persistence.appendfilename.clone(),
        single_file: PathBuf::from(&persistence.appendfilename),
    }
}

fn fsync(settings: &Settings) -> Fsync {
    match settings.persistence.appendfsync {
        AppendFsync::Always => Fsync::Always,
        AppendFsync::Everysec => Fsync::EverySecond,
        AppendFsync::No => Fsync::Never,
    }
}

impl Appending {
    /// The append-only file of the databases of `keyspace`, which is not written yet.
    pub(crate) fn new(settings: &Settings, keyspace: &Keyspace) -> Appending {
        let databases = 0..keyspace.databases();
        let is_stored = databases.map(|database| keyspace.engine(database).is_stored()).collect();
        let stream = Arc::new(Stream::new(is_stored));
        let files = AppendOnly::new(stream, options(settings));
        files.configure(fsync(settings), false);
        Appending {
            files,
            awaited: Notify::new(),
            status: Mutex::default(),
            is_rewriting: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
            is_scheduled: AtomicBool::new(false),
        }
    }

    /// Takes over changed settings.
    pub(crate) fn configure(&self, settings: &Settings) {
        let rests = settings.persistence.no_appendfsync_on_rewrite && self.is_rewriting();
        self.files.configure(fsync(settings), rests);
        self.note_time(settings);
    }

    /// Has the log say when what is done from now on is done, where it is to.
    fn note_time(&self, settings: &Settings) {
        let is_wanted = settings.persistence.aof_timestamp_enabled;
        self.files.stream.set_time(if is_wanted { crate::clock::unix_ms() / 1000 } else { 0 });
    }

    /// Whether a rewrite is under way.
    pub(crate) fn is_rewriting(&self) -> bool {
        self.is_rewriting.load(Ordering::Acquire)
    }

    /// Whether one waits for its turn.
    pub(crate) fn is_scheduled(&self) -> bool {
        self.is_scheduled.load(Ordering::Acquire)
    }

    /// What became of rewrites.
    pub(crate) fn status(&self) -> Status {
        self.status.lock().clone()
    }
}

/// Has what clients wait for with `appendfsync always` be on disk, a round at a time. A round begins when the workers have
/// come by all who have something to do, as in one turn of Redis' loop; so it has what the clients of the round before sent
/// when they were answered, and there is one for all of them instead of two for half of them each.
pub(crate) async fn sync_by_turns(server: Arc<Server>) {
    let Appending { files, awaited, .. } = &server.append_only;
    loop {
        awaited.notified().await;
        // Goes on when this worker has nothing else to do, or has done much.
        tokio::task::yield_now().await;
        let end = files.stream.end();
        while !files.is_settled(end) {
            let rounds = files.rounds();
            files.begin_round();
            std::future::poll_fn(|context| files.poll_round(rounds, context.waker())).await;
            // When it has failed, they are told.
            files.wake_waiting();
        }
        // Somebody may have begun to wait just as it was over.
        files.wake_waiting();
    }
}

/// Begins with what the settings ask for: loads what there is, and has what is done from now on be written. Where there is
/// no append-only file, `dump.rdb` is loaded as `taking` says: who turns the file on loses nothing. Called once, before the
/// first client is served.
///
/// # Errors
/// A text that names the file and the offset of what cannot be loaded.
pub(crate) fn start(server: &Arc<Server>, taking: Taking) -> Result<(), String> {
    let settings = server.settings();
    if !settings.persistence.appendonly {
        let is_all = taking.into_stored == IntoStored::All || !server.has_stored_databases();
        let load = |is_resumed| {
            // What replicas have to be told to remove is removed when they can be told.
            server.load(Taking { keeps_expired: taking.keeps_expired || is_resumed, ..taking })
        };
        return load_and_resume(server, is_all, load).map_err(|error| error.to_string());
    }
    // What is in the files does not say where the stream was.
    let kept = saved::take_kept(server);
    start_with_files(server, taking)?;
    server.resume_stream(None, kept);
    Ok(())
}

fn start_with_files(server: &Arc<Server>, taking: Taking) -> Result<(), String> {
    let files = &server.append_only.files;
    files.remove_left();
    let opened = files.open()?;
    if opened.files.is_empty() {
        server.load(taking).map_err(|error| error.to_string())?;
    }
    let began = std::time::Instant::now();
    for (place, (path, bytes)) in opened.files.iter().enumerate() {
        let is_last = place + 1 == opened.files.len();
        replay::load(server, path, *bytes, is_last)?;
    }
    if !opened.files.is_empty() {
        let seconds = began.elapsed().as_secs_f64();
        tracing::info!(files = opened.files.len(), "DB loaded from append only file: {seconds:.3} seconds");
    }
    // As in Redis, incremental files need no base before them.
    let outcome = if opened.files.is_empty() {
        rewrite::run(server)
    } else {
        server.give_effects(Taker::File, true);
        files.go_on().map_err(|error| error.to_string())
    };
    outcome.map_err(|error| format!("Can't write the append-only file: {error}"))
}

/// Loads the files again, in place of what is in memory: `DEBUG LOADAOF`. Where nothing is written to them, there are those
/// of the last rewrite.
pub(crate) fn reload(server: &Arc<Server>) -> Result<(), String> {
    let files = &server.append_only.files;
    let is_on = files.is_on();
    if is_on {
        files.write_all();
    }
    let opened = files.open()?;
    if opened.files.is_empty() {
        return Err("there is no append-only file".to_owned());
    }
    server.give_effects(Taker::File, false);
    server.attention.set(Concern::Loading, true);
    let emptied = server.empty(|database| replay::is_left_out(server, database));
    let result = emptied.and_then(|()| {
        opened.files.iter().try_for_each(|(path, bytes)| replay::load(server, path, *bytes, false))
    });
    server.attention.set(Concern::Loading, false);
    server.give_effects(Taker::File, is_on);
    result
}

/// Follows `appendonly`, which was changed. Nothing is written any more, or else everything from a rewrite on, which
/// begins.
pub(crate) fn follow(server: &Arc<Server>) {
    let appending = &server.append_only;
    let settings = server.settings();
    let is_wanted = settings.persistence.appendonly;
    if is_wanted && !appending.files.is_on() && !appending.is_rewriting() {
        // Those of a time before are history.
        if let Err(error) = appending.files.open() {
            tracing::warn!("What is left of an append-only file cannot be read: {error}");
        }
        if rewrite::begin(server).is_err() {
            appending.is_scheduled.store(true, Ordering::Release);
        }
    } else if !is_wanted && (appending.files.is_on() || appending.is_rewriting()) {
        rest(server);
    }
}

/// Has nothing more be written, until [`follow`] begins anew: what is about to come has nothing to do with what is in the
/// files.
pub(crate) fn rest(server: &Server) {
    let appending = &server.append_only;
    appending.is_given_up.store(true, Ordering::Release);
    server.give_effects(Taker::File, false);
    appending.files.stop();
    server.attention.set(Concern::Unwritten, false);
}

/// Has nothing be written and no rewrite go on or begin, until [`resume`]: everything is about to be replaced, and no file is
/// to show a part of that. Waits for a rewrite that is under way to be given up.
pub(crate) fn hold(server: &Server) {
    server.append_only.is_held.store(true, Ordering::SeqCst);
    give_up_rewrite(server);
    rest(server);
}

/// Has a rewrite that is under way be given up, and waits until it is: what was written before is written on.
pub(crate) fn give_up_rewrite(server: &Server) {
    const LOOKED_EVERY: std::time::Duration = std::time::Duration::from_millis(1);
    let appending = &server.append_only;
    while appending.is_rewriting.load(Ordering::SeqCst) {
        // Again and again: one that is about to begin takes it back once.
        appending.is_given_up.store(true, Ordering::Release);
        std::thread::sleep(LOOKED_EVERY);
    }
}

/// Has the files, if they are written at all, begin anew with what there is now.
pub(crate) fn resume(server: &Arc<Server>) {
    server.append_only.is_held.store(false, Ordering::SeqCst);
    follow(server);
}

/// Begins a rewrite, or has one begin as soon as it can: `BGREWRITEAOF`.
pub(crate) fn rewrite(server: &Arc<Server>) -> Result<bool, Refusal> {
    match rewrite::begin(server) {
        Err(Refusal::SnapshotRuns) => {
            server.append_only.is_scheduled.store(true, Ordering::Release);
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

/// What is to be done several times a second: rewriting what has grown, and seeing whether changes are written.
pub(crate) fn tend(server: &Arc<Server>) {
    let appending = &server.append_only;
    let files = &appending.files;
    let settings = server.settings();
    server.attention.set(Concern::Unwritten, files.is_on() && files.failure().is_some());
    let persistence = &settings.persistence;
    appending.note_time(&settings);
    if appending.is_rewriting() || !persistence.appendonly {
        return;
    }
    let figures = files.figures();
    let percentage = u64::from(persistence.auto_aof_rewrite_percentage);
    let before = figures.bytes_after_rewrite.max(1);
    let has_grown = percentage > 0
        && figures.bytes > persistence.auto_aof_rewrite_bytes_min
        && u128::from(figures.bytes.saturating_sub(before)) * 100
            >= u128::from(before) * u128::from(percentage);
    let has_failed_lately = appending.status().failed_at.is_some_and(|at| at.elapsed() < rewrite::RETRY);
    // One that was turned on and could not begin is tried again.
    let is_due = (has_grown || !files.is_on()) && !has_failed_lately || files.needs_rewrite();
    if (is_due || appending.is_scheduled()) && !server.keyspace.is_snapshotting() {
        appending.is_scheduled.store(false, Ordering::Release);
        if has_grown {
            tracing::info!(bytes = figures.bytes, before, "The append-only file has grown: rewriting it");
        }
        // If something else has come first, it is tried again.
        let _ = rewrite::begin(server);
    }
}

/// Has what is written be on disk, at the end.
pub(crate) fn finish(server: &Server) {
    server.append_only.files.finish();
}

impl Server {
    /// Why what this command changes could not be written, if that is so: what its client reads.
    #[cold]
    pub(crate) fn cannot_write(&self, database: u16, entry: &Entry) -> Option<String> {
        if !entry.command.is_write() || self.keyspace.engine(database).is_stored() {
            return None;
        }
        let failure = self.append_only.files.failure()?;
        Some(format!("MISCONF Errors writing to the AOF file: {failure}"))
    }
}
