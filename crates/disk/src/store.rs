//! The store: one LSM database with a space for each numbered database that is served from disk.
//!
//! A batch is in the journal's buffer when it is committed, with the system once [`Store::flush`] returns, and on the
//! disk once it is synced. All of that keeps the order of the commits: whatever a crash leaves is what there was at
//! some moment. The server flushes before it sends a reply, so what a client was told survives the end of the process.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use fjall::{Keyspace, PersistMode};
use keyspace::engine::{
    Batch, Counts, Elsewhere, Engine, Figure, Store, StoreMemory, StoreSettings, StreamEnd, SyncPolicy,
};
use keyspace::fault::Fault;
use sync::{Mutex, RwLock, RwLockReadGuard};

use crate::cache::Budget;
use crate::compaction::Compactions;
use crate::damage::Damage;
use crate::database::DiskDatabase;
use crate::format::{Place, VERSION};
use crate::graves::{Grave, Graves};
use crate::handoff::{HandOver, Handoff};
use crate::ids::Ids;
use crate::journal::Journal;
use crate::lsm::{self, Lsm};
use crate::open::{OpenError, check_files, check_format, write_format};
use crate::space::{Shared, Space};
use crate::stop::Note;

/// The space of the store's own records.
pub const SYSTEM: u64 = 0;
/// Before the number of a database, in the key of the record that says which space it has.
pub const DATABASE: u8 = b'd';
/// Before the number of a collection, in the key of its grave.
pub const GRAVE: u8 = b'g';
/// What counts as committed before anything is.
const FIRST_COMMIT: u64 = 1;
/// What is committed goes to the journal, and again to a table.
const WRITES_PER_COMMIT: u64 = 2;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory, made if it is not there.
    pub dir: PathBuf,
    /// What may be changed later.
    pub settings: StoreSettings,
    /// The size that the journals may grow to together, in bytes.
    pub journal_bytes_max: u64,
    /// Whether blocks are compressed, with LZ4.
    pub compresses: bool,
    /// Threads that flush and compact.
    pub threads: usize,
    /// What sees to it that others go on while a command waits for the disk.
    pub hand_over: Option<HandOver>,
}

/// The engines of several databases.
pub type Engines = Vec<Arc<dyn Engine>>;

/// A store, and the engines of the databases that it was opened for.
pub type Opened = (Arc<Disk>, Engines);

/// A store that is open.
pub struct Disk {
    options: Options,
    me: Weak<Disk>,
    /// `None` while the store is closed.
    lsm: RwLock<Option<Lsm>>,
    budget: Arc<Budget>,
    graves: Arc<Graves>,
    compactions: Arc<Compactions>,
    /// Spaces that serve no database any more, with the commit that says so.
    retired: Mutex<Vec<(u64, Arc<Space>)>>,
    /// Commits so far.
    committed: AtomicU64,
    /// Of those, how many the system has, and how many are on disk.
    flushed: AtomicU64,
    synced: AtomicU64,
    policy: RwLock<SyncPolicy>,
    /// Who waits for a commit to be on disk.
    waiting: Mutex<Vec<(u64, Waker)>>,
    /// Who waits until the disk has come after, and how often anybody had to.
    stalled: Mutex<Vec<Waker>>,
    stalls: AtomicU64,
    /// Room in the file system when last looked, in bytes; what was in memory then and is yet to be written to tables;
    /// what was committed since; and how much has to be left.
    free_bytes: AtomicU64,
    unwritten_bytes: AtomicU64,
    committed_bytes: AtomicU64,
    free_bytes_min: AtomicU64,
    /// How much of the stream is kept.
    stream_bytes_max: AtomicU64,
    /// Why nothing can be written any more, once that is so.
    failure: Mutex<Option<Fault>>,
    has_failed: AtomicBool,
    /// Whether it is closed for good.
    is_closed: AtomicBool,
    /// Commits that were lost in the last failure, because the store was opened again without them.
    lost: Mutex<Range<u64>>,
    syncer: crate::syncer::Signal,
}

/// What an LSM database says of an error, as a client reads it.
pub fn fault(error: &fjall::Error) -> Fault {
    Fault::new(format!("MISCONF the disk cannot be written: {}", crate::words::of(error)))
}

impl Disk {
    /// Opens the store in `options.dir`, or makes it, to serve `databases`; and the engine for each of these.
    pub fn open(options: Options, databases: &[u16]) -> Result<Opened, OpenError> {
        let (tree_dir, format) = check_format(&options.dir)?;
        let note = Note::check(&options.dir)?;
        check_files(&tree_dir, note.is_none())?;
        let dir = options.dir.clone();
        let failed = |error: io::Error| OpenError::new(&dir, &error);
        if let Some(note) = &note {
            note.put_aside().map_err(failed)?;
        }
        let opened = Disk::open_trees(options, &tree_dir, databases);
        match (note, &opened) {
            (Some(note), Ok(_)) => note.throw_away().map_err(failed)?,
            (Some(note), Err(_)) => note.put_back().map_err(failed)?,
            (None, _) => {}
        }
        if opened.is_ok() && format < VERSION {
            tracing::warn!(path = %dir.display(), from = format, to = VERSION, "Raising the format of the databases on disk");
            write_format(&dir)?;
        }
        opened
    }

    fn open_trees(options: Options, tree_dir: &Path, databases: &[u16]) -> Result<Opened, OpenError> {
        let began = Instant::now();
        let failed = |error: fjall::Error| OpenError::of(tree_dir, &error);
        let graves = Arc::new(Graves::default());
        let compactions = Arc::new(Compactions::default());
        let settings = options.settings;
        let budget = Arc::new(Budget::new((settings.cache_bytes / 2) as usize));
        tracing::info!(path = %tree_dir.display(), "Opening the databases on disk");
        let lsm = Lsm::open(&options, &graves, &compactions, &budget).map_err(failed)?;
        let disk_bytes = lsm.database.disk_space().unwrap_or_default();
        let disk = Arc::new_cyclic(|me| Disk {
            me: Weak::clone(me),
            lsm: RwLock::new(Some(lsm)),
            budget,
            graves,
            compactions,
            retired: Mutex::default(),
            committed: AtomicU64::new(FIRST_COMMIT),
            flushed: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            policy: RwLock::new(settings.sync),
            waiting: Mutex::default(),
            stalled: Mutex::default(),
            stalls: AtomicU64::new(0),
            free_bytes: AtomicU64::new(u64::MAX),
            unwritten_bytes: AtomicU64::new(0),
            committed_bytes: AtomicU64::new(0),
            free_bytes_min: AtomicU64::new(settings.free_bytes_min),
            stream_bytes_max: AtomicU64::new(settings.stream_bytes_max),
            failure: Mutex::default(),
            has_failed: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            lost: Mutex::new(0..0),
            syncer: crate::syncer::Signal::default(),
            options,
        });
        disk.look_at_room();
        let engines = disk.open_databases(databases).map_err(failed)?;
        crate::syncer::start(&disk).map_err(|error| OpenError::new(tree_dir, &error))?;
        tracing::info!(
            path = %tree_dir.display(),
            milliseconds = began.elapsed().as_millis() as u64,
            disk_bytes,
            "Opened the databases on disk"
        );
        Ok((disk, engines))
    }

    /// The engine of each of `databases`, and the graves.
    fn open_databases(&self, databases: &[u16]) -> fjall::Result<Engines> {
        let Some(me) = self.me.upgrade() else { return Err(fjall::Error::Poisoned) };
        let spaces = self.with_lsm(|lsm| lsm.spaces_of(databases))?;
        let mut engines = Engines::new();
        for (space, database) in spaces.into_iter().zip(databases) {
            let stored = self.with_lsm(|lsm| lsm.counts_of(space.id))?;
            if !stored.is_empty() && space.tree().is_none() {
                // The library takes a tree that does not say which version it is at for one that was being made.
                return Err(fjall::Error::Io(io::Error::other(format!(
                    "the files of database {database}, which had keys, are gone"
                ))));
            }
            engines.push(Arc::new(DiskDatabase::new(Arc::clone(&me), space, stored)));
        }
        self.with_lsm(|lsm| {
            lsm.graves()?.into_iter().for_each(|grave| self.graves.bury(grave));
            lsm.database.persist(PersistMode::SyncAll)
        })?;
        self.graves.synced(1);
        Ok(engines)
    }

    /// Brings everything into tables, so that the next start reads nothing from the journal, and ends all work on the
    /// files. Nothing is written from then on, and the next start can tell whether anything has been lost since. Engines
    /// and shards that are left only hold the directory.
    pub fn close(&self) -> Result<(), Fault> {
        /// What takes longer stays in the journal.
        const LIMIT: Duration = Duration::from_secs(30);
        self.is_closed.store(true, Ordering::Release);
        let until = Instant::now() + LIMIT;
        let synced = self.with_lsm(|lsm| {
            for tree in lsm.trees().iter().chain([&lsm.system]) {
                if !lsm.bring_into_tables(tree, until)? {
                    tracing::warn!(path = %tree.path().display(), "The next start reads a part from the journal");
                }
            }
            lsm.database.persist(PersistMode::SyncAll)
        });
        let synced = synced.map_err(|error| self.fail(&error));
        self.refuse_from_now_on(Fault::new("MISCONF the databases on disk are closed"));
        self.retired.lock().clear();
        // To let go of it is to wait for the threads that flush and compact.
        let trees = self.lsm.write().take().map(Lsm::stop);
        synced?;
        let noted = trees.map_or(Ok(()), |trees| Note::write(&self.options.dir, &lsm::files(&trees)));
        noted.map_err(|error| fault(&fjall::Error::Io(error)))
    }

    /// Works with the LSM database, if the store is not closed.
    pub(crate) fn with_lsm<R>(&self, work: impl FnOnce(&Lsm) -> fjall::Result<R>) -> fjall::Result<R> {
        match &*self.lsm.read() {
            Some(lsm) => work(lsm),
            None => Err(fjall::Error::Poisoned),
        }
    }

    /// A space with nothing in it.
    pub fn new_space(&self) -> fjall::Result<Arc<Space>> {
        self.with_lsm(Lsm::new_space)
    }

    /// Says that `space` serves no database any more.
    pub fn retire(&self, space: Arc<Space>) {
        self.retired.lock().push((self.committed.load(Ordering::Acquire), space));
        self.syncer.wake();
    }

    /// Why nothing can be written at present, if so. What only makes room may use half of what has to be left.
    fn refusal(&self, batch: &Batch) -> Option<Fault> {
        if let Some(failure) = self.failure() {
            return Some(failure);
        }
        let (free, min) = (self.free_bytes(), self.free_bytes_min.load(Ordering::Relaxed));
        let needed = if makes_room(batch) { min / 2 } else { min };
        let taken = self.unwritten_bytes.load(Ordering::Relaxed)
            + self.committed_bytes.load(Ordering::Relaxed) * WRITES_PER_COMMIT;
        (min > 0 && free.saturating_sub(taken) < needed).then(|| {
            Fault::new(format!(
                "MISCONF the disk is full: {free} bytes are free in '{}', and {min} have to be left \
                 (disk-free-space-min)",
                self.options.dir.display()
            ))
        })
    }

    /// Writes nothing any more.
    #[cold]
    fn fail(&self, error: &fjall::Error) -> Fault {
        let mut text = fault(error).text().to_owned();
        if let fjall::Error::Poisoned = error {
            // What failed is not known here, but mostly it is room that it lacked.
            self.look_at_room();
            text += &format!(" ({} bytes are free in '{}')", self.free_bytes(), self.options.dir.display());
        }
        let fault = Fault::new(text);
        tracing::error!(%fault, "The databases on disk take no more changes");
        self.refuse_from_now_on(fault.clone());
        fault
    }

    /// Why nothing is written any more, if so.
    fn failure(&self) -> Option<Fault> {
        if !self.has_failed.load(Ordering::Acquire) {
            return None;
        }
        self.failure.lock().clone()
    }

    fn refuse_from_now_on(&self, fault: Fault) {
        self.failure.lock().get_or_insert(fault);
        self.has_failed.store(true, Ordering::Release);
    }

    fn write(&self, batch: &Batch) -> fjall::Result<()> {
        let orphans: Vec<Elsewhere> = batch.orphans().collect();
        self.with_lsm(|lsm| lsm.write(batch, &orphans))?;
        self.committed_bytes.fetch_add(batch.bytes() as u64, Ordering::Relaxed);
        let commit = self.committed.fetch_add(1, Ordering::AcqRel) + 1;
        for orphan in orphans {
            let place = Place { home: orphan.slot, id: orphan.id };
            self.graves.bury(Grave { space: orphan.space, place, commit });
        }
        Ok(())
    }

    /// Has the system take what was committed, and the disk too. Many may wait for the one that does it.
    pub(crate) fn sync(&self, journal: &mut Journal) -> Result<(), Fault> {
        let commit = self.committed.load(Ordering::Acquire);
        let synced = self.flush().and_then(|()| match journal.sync() {
            Ok(true) => Ok(()),
            Ok(false) => self
                .with_lsm(|lsm| lsm.database.persist(PersistMode::SyncData))
                .map_err(|error| self.fail(&error)),
            Err(error) => Err(self.fail(&fjall::Error::Io(error))),
        });
        if synced.is_ok() {
            self.synced.fetch_max(commit, Ordering::AcqRel);
            self.graves.synced(commit);
        }
        // On failure those who wait learn of it when they ask again.
        let mut waiting = self.waiting.lock();
        let failed = synced.is_err();
        waiting.retain(|(awaited, waker)| {
            let goes_on = !failed && *awaited > commit;
            if !goes_on {
                waker.wake_by_ref();
            }
            goes_on
        });
        synced
    }

    pub(crate) fn lsm(&self) -> RwLockReadGuard<'_, Option<Lsm>> {
        self.lsm.read()
    }

    pub(crate) fn compactions(&self) -> &Arc<Compactions> {
        &self.compactions
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// How many spaces are still to be deleted.
    pub(crate) fn retired(&self) -> usize {
        self.retired.lock().len()
    }

    /// Collections without a key, which are held up while a moment is kept.
    pub(crate) fn graves_held(&self) -> &Graves {
        &self.graves
    }

    /// No moment may be kept any longer: what was held up goes on.
    pub(crate) fn graves_may_rise(&self) {
        self.graves.synced(self.synced.load(Ordering::Acquire));
        self.syncer.wake();
    }

    /// How many collections without a key still have elements.
    pub(crate) fn graves(&self) -> usize {
        self.graves.len()
    }

    /// Commits so far.
    pub(crate) fn commits(&self) -> u64 {
        self.committed.load(Ordering::Relaxed) - FIRST_COMMIT
    }

    /// Commits that are not known to be on disk.
    pub(crate) fn unsynced(&self) -> u64 {
        self.committed.load(Ordering::Relaxed).saturating_sub(self.synced.load(Ordering::Relaxed))
    }

    /// Whether changes are taken.
    pub(crate) fn is_writable(&self) -> bool {
        !self.has_failed.load(Ordering::Relaxed)
            && self.free_bytes() >= self.free_bytes_min.load(Ordering::Relaxed)
    }

    pub(crate) fn signal(&self) -> &crate::syncer::Signal {
        &self.syncer
    }

    /// Whether it is closed for good.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Whether anybody waits for the disk.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiting.lock().is_empty()
    }

    /// Whether more was written than the disk takes.
    pub(crate) fn is_behind(&self) -> bool {
        !self.has_failed.load(Ordering::Acquire) && self.lsm.read().as_ref().is_some_and(Lsm::is_behind)
    }

    /// Lets those go on who had to wait for the disk to come after, if it has; says whether some still wait.
    pub(crate) fn release_stalled(&self) -> bool {
        let is_behind = self.is_behind();
        let mut stalled = self.stalled.lock();
        if !is_behind {
            stalled.drain(..).for_each(Waker::wake);
        }
        !stalled.is_empty()
    }

    /// How many wait for the disk to come after, and how often anybody had to.
    pub(crate) fn stalls(&self) -> (usize, u64) {
        (self.stalled.lock().len(), self.stalls.load(Ordering::Relaxed))
    }

    /// Whether there is anything to sync for its own sake, given how long ago the last time was.
    pub(crate) fn is_due(&self, since: Duration) -> bool {
        let has_more = self.committed.load(Ordering::Acquire) > self.synced.load(Ordering::Acquire);
        let wants =
            self.policy() != SyncPolicy::Never || self.graves.has_fresh() || !self.retired.lock().is_empty();
        has_more && wants && since >= Duration::from_secs(1)
    }

    /// When to sync.
    pub fn policy(&self) -> SyncPolicy {
        *self.policy.read()
    }

    /// Looks how much room there is.
    pub(crate) fn look_at_room(&self) {
        if let Ok(room) = rustix::fs::statvfs(&self.options.dir) {
            let unwritten = self.lsm.read().as_ref().map_or(0, |lsm| lsm.database.write_buffer_size());
            self.committed_bytes.store(0, Ordering::Relaxed);
            self.unwritten_bytes.store(unwritten, Ordering::Relaxed);
            self.free_bytes.store(room.f_bavail.saturating_mul(room.f_frsize), Ordering::Relaxed);
        }
    }

    /// Whether the file system takes what the LSM database is going to write when it is opened.
    fn takes_files(&self) -> bool {
        /// As large as the LSM database makes a journal to begin with, and of that as much as is written at once.
        const FILE_BYTES: u64 = 64 << 20;
        const WRITTEN_BYTES: usize = 1 << 20;
        let path = self.options.dir.join("probe");
        let tried = File::create(&path).and_then(|mut file| {
            file.set_len(FILE_BYTES)?;
            file.write_all(&vec![1; WRITTEN_BYTES])?;
            file.sync_all()
        });
        // It is there only if it could be made.
        let removed = std::fs::remove_file(&path);
        tried.is_ok() && removed.is_ok()
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::in_dir(&tree_dir(&self.options.dir))
    }

    /// Deletes spaces that serve no database any more, and graves that hold nothing any more.
    pub(crate) fn tidy(&self) {
        if self.graves.are_held() {
            return;
        }
        let synced = self.synced.load(Ordering::Acquire);
        let mut gone: Vec<Arc<Space>> = Vec::new();
        self.retired.lock().retain(|(commit, space)| {
            let goes = *commit <= synced;
            if goes {
                gone.push(Arc::clone(space));
            }
            !goes
        });
        if let Some(lsm) = &*self.lsm.read() {
            gone.iter().for_each(|space| lsm.delete(space));
        }
    }

    /// Keeps no more of the stream than it may take.
    pub(crate) fn bound_stream(&self) {
        let bytes_max = self.stream_bytes_max.load(Ordering::Relaxed);
        if let Err(error) = self.with_lsm(|lsm| lsm.bound_stream(bytes_max)) {
            tracing::debug!(%error, "More of the stream is kept than it may take");
        }
    }

    /// Reads what is stored beside the databases.
    fn read_beside<R>(&self, what: &str, read: impl FnOnce(&Lsm) -> fjall::Result<R>) -> Result<R, Fault> {
        let read = || self.with_lsm(read);
        Handoff(self.options.hand_over).around(read).map_err(|error| {
            let path = tree_dir(&self.options.dir);
            let (path, why) = (path.display(), crate::words::of(&error));
            Fault::new(format!("ERR {what} in '{path}' cannot be read: {why}"))
        })
    }

    /// Gives back the room of what compaction has replaced.
    pub(crate) fn drop_replaced(&self) {
        if let Err(error) = self.with_lsm(Lsm::drop_replaced) {
            tracing::debug!(%error, "Tables that were replaced are still there");
        }
    }

    /// Brings into tables what is in memory of `tree`.
    pub(crate) fn bring_into_tables(&self, tree: &Keyspace) -> fjall::Result<()> {
        /// A disk that takes longer is no disk to compact on.
        const LIMIT: Duration = Duration::from_secs(600);
        self.with_lsm(|lsm| lsm.bring_into_tables(tree, Instant::now() + LIMIT)).map(drop)
    }

    /// Removes the graves of which nothing is left.
    pub(crate) fn close_graves(&self) {
        let lsm = self.lsm.read();
        let Some(lsm) = &*lsm else { return };
        let empty =
            self.graves.dead().into_iter().filter(|grave| lsm.is_empty(grave)).map(|grave| grave.place.id);
        let closed: Vec<u64> = empty.filter(|id| lsm.system.remove(grave_key(*id)).is_ok()).collect();
        if !closed.is_empty() {
            self.graves.forget(&closed);
        }
    }
}

impl Store for Disk {
    fn commit(&self, batch: &Batch) -> Result<(), Fault> {
        if let Some(fault) = self.refusal(batch) {
            return Err(fault);
        }
        self.write(batch).map_err(|error| self.fail(&error))
    }

    fn flush(&self) -> Result<(), Fault> {
        let committed = self.committed.load(Ordering::Acquire);
        if self.flushed.load(Ordering::Acquire) >= committed {
            return Ok(());
        }
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        self.with_lsm(|lsm| lsm.database.persist(PersistMode::Buffer)).map_err(|error| self.fail(&error))?;
        self.flushed.fetch_max(committed, Ordering::AcqRel);
        Ok(())
    }

    fn to_be_awaited(&self) -> Option<u64> {
        (self.policy() == SyncPolicy::Always || self.is_behind())
            .then(|| self.committed.load(Ordering::Acquire))
    }

    fn poll_safe(&self, commit: u64, waker: &Waker) -> Poll<Result<(), Fault>> {
        if self.is_behind() {
            self.stalls.fetch_add(1, Ordering::Relaxed);
            self.stalled.lock().push(waker.clone());
            self.syncer.wake();
            return Poll::Pending;
        }
        if self.policy() != SyncPolicy::Always {
            return Poll::Ready(Ok(()));
        }
        let look = || {
            if self.synced.load(Ordering::Acquire) >= commit {
                let is_lost = self.lost.lock().contains(&commit);
                return Poll::Ready(if is_lost { Err(lost()) } else { Ok(()) });
            }
            match self.failure() {
                Some(fault) => Poll::Ready(Err(fault)),
                None => Poll::Pending,
            }
        };
        if look().is_ready() {
            return look();
        }
        self.waiting.lock().push((commit, waker.clone()));
        // The disk may have got there before this one was among those who wait.
        let now = look();
        if now.is_pending() {
            self.syncer.wake();
        }
        now
    }

    fn configure(&self, settings: StoreSettings) {
        *self.policy.write() = settings.sync;
        self.budget.set_max((settings.cache_bytes / 2) as usize);
        self.free_bytes_min.store(settings.free_bytes_min, Ordering::Relaxed);
        self.stream_bytes_max.store(settings.stream_bytes_max, Ordering::Relaxed);
    }

    fn memory(&self) -> StoreMemory {
        let own_bytes =
            self.lsm().as_ref().map_or(0, |lsm| lsm.database.write_buffer_size() + lsm.database.cache_size());
        StoreMemory { cached_bytes: self.budget.bytes().0 as u64, own_bytes }
    }

    fn limit_cache(&self, bytes: u64) {
        self.budget.set_ceiling(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    fn wants_renewal(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
            && !self.is_closed()
            // They would hold the files that are to be opened again.
            && self.compactions.state().0.is_none()
            && !self.graves.are_held()
            && self.free_bytes() >= self.free_bytes_min.load(Ordering::Relaxed)
            && self.takes_files()
    }

    fn away(&self, known: Vec<(u16, Counts)>) -> Option<Arc<dyn Engine>> {
        let shared = Shared {
            budget: Arc::clone(&self.budget),
            handoff: Handoff(self.options.hand_over),
            damage: Damage::default(),
            ids: Ids::away(),
        };
        let space = Arc::new(Space::away(Arc::new(shared)));
        Some(Arc::new(DiskDatabase::new(self.me.upgrade()?, space, known)))
    }

    fn renew(&self, databases: &[u16]) -> Result<Engines, Fault> {
        self.retired.lock().clear();
        drop(self.lsm.write().take());
        self.graves.clear();
        let opened =
            Lsm::open(&self.options, &self.graves, &self.compactions, &self.budget).and_then(|lsm| {
                *self.lsm.write() = Some(lsm);
                self.open_databases(databases)
            });
        let engines = opened.map_err(|error| {
            tracing::error!("The databases on disk cannot be opened again: {}", crate::words::of(&error));
            fault(&error)
        })?;
        // What was not on disk is lost, and whoever still waits for it is told so.
        let committed = self.committed.fetch_add(1, Ordering::AcqRel) + 1;
        *self.lost.lock() = self.synced.load(Ordering::Acquire) + 1..committed;
        self.flushed.store(committed, Ordering::Release);
        self.synced.store(committed, Ordering::Release);
        self.failure.lock().take();
        self.has_failed.store(false, Ordering::Release);
        self.waiting.lock().drain(..).for_each(|(_, waker)| waker.wake());
        self.look_at_room();
        tracing::warn!("The databases on disk were opened again and take changes");
        Ok(engines)
    }

    fn stream_end(&self) -> Result<Option<StreamEnd>, Fault> {
        self.read_beside("the stream", Lsm::stream_end)
    }

    fn stream_begin(&self) -> Option<u64> {
        self.read_beside("the stream", |lsm| lsm.stream.begin()).ok().flatten()
    }

    fn stream_after(&self, offset: u64) -> Result<Option<Vec<u8>>, Fault> {
        self.read_beside("the stream", |lsm| lsm.stream.after(offset))
    }

    fn libraries(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.read_beside("the libraries of functions", Lsm::libraries)
    }

    fn figures(&self) -> Vec<Figure> {
        crate::figures::of(self)
    }
}

/// Whether `batch` takes no room beyond what is needed to say that something is gone.
fn makes_room(batch: &Batch) -> bool {
    batch.libraries.is_none()
        && batch.changes().all(|change| change.value.is_none() || change.space == SYSTEM)
}

fn lost() -> Fault {
    Fault::new("MISCONF the change was lost when the disk failed")
}

/// Where the LSM database is, in the store's directory.
pub fn tree_dir(dir: &Path) -> PathBuf {
    dir.join("tree")
}

/// The key of the record that says which space serves `database`.
pub fn database_key(database: u16) -> [u8; 3] {
    let [high, low] = database.to_be_bytes();
    [DATABASE, high, low]
}

/// The key of the grave of the collection with this number.
pub fn grave_key(id: u64) -> [u8; 9] {
    let mut key = [GRAVE; 9];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The collection in a grave, the space of its elements and their slot.
pub fn read_grave(key: &[u8], value: &[u8]) -> Option<(u64, u64, u16)> {
    let id = u64::from_be_bytes(*key.get(1..)?.first_chunk()?);
    let (space, home) = value.split_first_chunk()?;
    Some((id, u64::from_le_bytes(*space), u16::from_le_bytes(*home.first_chunk()?)))
}
