//! The store: one LSM database with a space for each numbered database that is served from disk.
//!
//! A batch is in the journal's buffer when it is committed, with the system once [`Store::flush`] returns, and on the
//! disk once it is synced. All of that keeps the order of the commits: whatever a crash leaves is what there was at
//! some moment. The server flushes before it sends a reply, so what a client was told survives the end of the process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use fjall::config::{BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use keyspace::engine::{Batch, Engine, Store, StoreSettings, SyncPolicy};
use keyspace::fault::Fault;
use sync::{Mutex, RwLock};

use crate::cache::Budget;
use crate::compaction::Compactions;
use crate::database::DiskDatabase;
use crate::format::{self, Place};
use crate::graves::{Filters, Grave, Graves};
use crate::handoff::{HandOver, Handoff};
use crate::ids::Ids;
use crate::journal::Journal;
use crate::open::{OpenError, check_format};
use crate::space::{Shared, Space};

/// The space of the store's own records.
pub const SYSTEM: u64 = 0;
const SYSTEM_NAME: &str = "system";
/// Before the number of a database, in the key of the record that says which space it has.
pub const DATABASE: u8 = b'd';
/// Before the number of a collection, in the key of its grave.
const GRAVE: u8 = b'g';
/// What counts as committed before anything is.
const FIRST_COMMIT: u64 = 1;

/// The engines of several databases.
type Engines = Vec<Arc<dyn Engine>>;

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

/// A store that is open.
pub struct Disk {
    options: Options,
    database: Database,
    system: Keyspace,
    spaces: RwLock<HashMap<u64, Arc<Space>>>,
    shared: Arc<Shared>,
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
    /// Room in the file system when last looked, in bytes, and how much has to be left.
    free_bytes: AtomicU64,
    free_bytes_min: AtomicU64,
    /// Why nothing can be written any more, once that is so.
    failure: Mutex<Option<Fault>>,
    has_failed: AtomicBool,
    syncer: crate::syncer::Signal,
}

/// What an LSM database says of an error, as a client reads it.
pub fn fault(error: &fjall::Error) -> Fault {
    Fault::new(format!("MISCONF the disk cannot be written: {error}"))
}

impl Disk {
    /// Opens the store in `options.dir`, or makes it, to serve `databases`; and the engine for each of these.
    pub fn open(options: Options, databases: &[u16]) -> Result<(Arc<Disk>, Engines), OpenError> {
        let began = Instant::now();
        let tree_dir = check_format(&options.dir)?;
        let failed = |error: fjall::Error| OpenError::of(&tree_dir, error);
        let graves = Arc::new(Graves::default());
        let compactions = Arc::new(Compactions::default());
        let told = (Arc::clone(&graves), Arc::clone(&compactions));
        let cache_bytes = options.settings.cache_bytes;
        tracing::info!(path = %tree_dir.display(), "Opening the databases on disk");
        let database = Database::builder(&tree_dir)
            .cache_size(cache_bytes / 2)
            .max_journaling_size(options.journal_bytes_max)
            .manual_journal_persist(true)
            // Whoever writes would have to do it.
            .journal_compression(CompressionType::None)
            .worker_threads(options.threads.max(1))
            .with_compaction_filter_factories(Arc::new(move |name| {
                let (graves, compactions) = told.clone();
                (name != SYSTEM_NAME).then(|| Arc::new(Filters { graves, compactions }) as Arc<_>)
            }))
            .open()
            .map_err(failed)?;
        let system = database.keyspace(SYSTEM_NAME, || tree_options(&options)).map_err(failed)?;
        let ids = Ids::open(system.clone()).map_err(failed)?;
        let shared = Arc::new(Shared {
            budget: Budget::new((cache_bytes / 2) as usize),
            handoff: Handoff(options.hand_over),
            ids,
        });
        let disk = Arc::new(Disk {
            database,
            system,
            spaces: RwLock::default(),
            shared,
            graves,
            compactions,
            retired: Mutex::default(),
            committed: AtomicU64::new(FIRST_COMMIT),
            flushed: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            policy: RwLock::new(options.settings.sync),
            waiting: Mutex::default(),
            free_bytes: AtomicU64::new(u64::MAX),
            free_bytes_min: AtomicU64::new(options.settings.free_bytes_min),
            failure: Mutex::default(),
            has_failed: AtomicBool::new(false),
            syncer: crate::syncer::Signal::default(),
            options,
        });
        disk.look_at_room();
        let engines = disk.open_databases(databases).map_err(failed)?;
        disk.exhume().map_err(failed)?;
        disk.database.persist(PersistMode::SyncAll).map_err(failed)?;
        crate::syncer::start(&disk).map_err(|error| OpenError::new(&tree_dir, &error))?;
        tracing::info!(
            path = %tree_dir.display(),
            milliseconds = began.elapsed().as_millis() as u64,
            disk_bytes = disk.database.disk_space().unwrap_or_default(),
            "Opened the databases on disk"
        );
        Ok((disk, engines))
    }

    /// The engine of each of `databases`; spaces that serve none are deleted.
    fn open_databases(self: &Arc<Disk>, databases: &[u16]) -> fjall::Result<Engines> {
        let mut assigned: HashMap<u16, u64> = HashMap::new();
        for record in self.system.prefix([DATABASE]) {
            let (key, value) = record.into_inner()?;
            let number = key[1..].first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
            let space = value.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
            if let (Some(number), Some(space)) = (number, space) {
                assigned.insert(number, space);
            }
        }
        let mut kept: Vec<String> = assigned.values().map(u64::to_string).collect();
        kept.push(SYSTEM_NAME.to_owned());
        for name in self.database.list_keyspace_names() {
            if !kept.iter().any(|kept| **kept == *name) {
                let tree = self.database.keyspace(&name, || tree_options(&self.options))?;
                self.database.delete_keyspace(tree)?;
            }
        }
        let mut engines = Engines::new();
        for database in databases {
            let space = match assigned.get(database) {
                Some(id) => self.space(*id)?,
                None => {
                    let space = self.new_space()?;
                    self.system.insert(database_key(*database), space.id.to_le_bytes())?;
                    space
                }
            };
            engines.push(Arc::new(DiskDatabase::open(Arc::clone(self), space)?));
        }
        Ok(engines)
    }

    fn space(&self, id: u64) -> fjall::Result<Arc<Space>> {
        let space = Arc::new(Space::new(id, Arc::clone(&self.shared)));
        if self.database.keyspace_exists(&id.to_string()) {
            self.tree(&space)?;
        }
        self.spaces.write().insert(id, Arc::clone(&space));
        Ok(space)
    }

    /// The tree of `space`, made if there is none yet.
    fn tree<'s>(&self, space: &'s Space) -> fjall::Result<&'s Keyspace> {
        space.tree_or(|| self.database.keyspace(&space.id.to_string(), || tree_options(&self.options)))
    }

    /// A space with nothing in it.
    pub fn new_space(&self) -> fjall::Result<Arc<Space>> {
        self.space(self.shared.ids.next()?)
    }

    /// Says that `space` serves no database any more.
    pub fn retire(&self, space: Arc<Space>) {
        self.retired.lock().push((self.committed.load(Ordering::Acquire), space));
        self.syncer.wake();
    }

    /// Finds the graves.
    fn exhume(&self) -> fjall::Result<()> {
        for record in self.system.prefix([GRAVE]) {
            let (key, value) = record.into_inner()?;
            if let Some((id, space, home)) = read_grave(&key, &value) {
                self.graves.bury(Grave { space, place: Place { home, id }, commit: 1 });
            }
        }
        self.graves.synced(1);
        Ok(())
    }

    /// Brings everything into tables, so that nothing has to be read from the journal when the store is opened again.
    pub fn close(self: &Arc<Disk>) {
        /// A tree that cannot be flushed waits for ever.
        const LIMIT: Duration = Duration::from_secs(30);
        if self.has_failed.load(Ordering::Acquire) {
            return;
        }
        let (done, is_done) = std::sync::mpsc::channel();
        let disk = Arc::clone(self);
        let flush = move || {
            let flush = |tree: &Keyspace| tree.rotate_memtable_and_wait();
            let flushed = disk.trees().iter().chain([&disk.system]).try_for_each(flush);
            // Nobody listens any more when it took too long.
            let _ = done.send(flushed.and_then(|()| disk.database.persist(PersistMode::SyncAll)));
        };
        let started = std::thread::Builder::new().name("disk-close".to_owned()).spawn(flush);
        let flushed = started.ok().and_then(|_| is_done.recv_timeout(LIMIT).ok());
        if !matches!(flushed, Some(Ok(()))) {
            tracing::error!(
                ?flushed,
                "Not everything could be brought into tables; the rest is in the journal"
            );
        }
    }

    /// Why nothing can be written at present, if so. What only makes room may use half of what has to be left.
    fn refusal(&self, batch: &Batch) -> Option<Fault> {
        if self.has_failed.load(Ordering::Acquire) {
            return self.failure.lock().clone();
        }
        let (free, min) =
            (self.free_bytes.load(Ordering::Relaxed), self.free_bytes_min.load(Ordering::Relaxed));
        let needed = if batch.only_removes() { min / 2 } else { min };
        (free < needed).then(|| {
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
        let fault = fault(error);
        tracing::error!(%error, "The databases on disk take no more changes");
        self.failure.lock().get_or_insert_with(|| fault.clone());
        self.has_failed.store(true, Ordering::Release);
        fault
    }

    fn write(&self, batch: &Batch) -> fjall::Result<()> {
        let orphans: Vec<_> = batch.orphans().collect();
        let spaces = self.spaces.read();
        let tree = |id: u64| spaces.get(&id).map_or(Ok(&self.system), |space| self.tree(space));
        let mut changes = batch.changes();
        if batch.len() == 1
            && orphans.is_empty()
            && let Some(change) = changes.next()
        {
            match change.value {
                Some(value) => tree(change.space)?.insert(change.key, value)?,
                None => tree(change.space)?.remove(change.key)?,
            }
            self.committed.fetch_add(1, Ordering::AcqRel);
            return Ok(());
        }
        let mut written =
            fjall::OwnedWriteBatch::with_capacity(self.database.clone(), batch.len() + orphans.len());
        for change in changes {
            match change.value {
                Some(value) => written.insert(tree(change.space)?, change.key, value),
                None => written.remove(tree(change.space)?, change.key),
            }
        }
        for orphan in &orphans {
            let value = [&orphan.space.to_le_bytes()[..], &orphan.slot.to_le_bytes()].concat();
            written.insert(&self.system, grave_key(orphan.id), value);
        }
        written.commit()?;
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
            Ok(false) => self.database.persist(PersistMode::SyncData).map_err(|error| self.fail(&error)),
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

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn system(&self) -> &Keyspace {
        &self.system
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn compactions(&self) -> &Arc<Compactions> {
        &self.compactions
    }

    /// The trees of all spaces.
    pub(crate) fn trees(&self) -> Vec<Keyspace> {
        self.spaces.read().values().filter_map(|space| space.tree().cloned()).collect()
    }

    pub(crate) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// How many spaces are still to be deleted.
    pub(crate) fn retired(&self) -> usize {
        self.retired.lock().len()
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

    /// Whether anybody waits for the disk.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiting.lock().is_empty()
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
            self.free_bytes.store(room.f_bavail.saturating_mul(room.f_frsize), Ordering::Relaxed);
        }
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::in_dir(&tree_dir(&self.options.dir))
    }

    /// Deletes spaces that serve no database any more, and graves that hold nothing any more.
    pub(crate) fn tidy(&self) {
        let synced = self.synced.load(Ordering::Acquire);
        let mut gone: Vec<Arc<Space>> = Vec::new();
        self.retired.lock().retain(|(commit, space)| {
            let goes = *commit <= synced;
            if goes {
                gone.push(Arc::clone(space));
            }
            !goes
        });
        for space in gone {
            self.spaces.write().remove(&space.id);
            for record in self.system.prefix(format::counts_prefix(space.id)) {
                let removed = record.into_inner().and_then(|(key, _)| self.system.remove(key));
                if let Err(error) = removed {
                    tracing::warn!(%error, "A count of an emptied database cannot be removed");
                }
            }
            if let Some(tree) = space.tree() {
                tracing::info!(disk_bytes = tree.disk_space(), "Deleting the records of an emptied database");
            }
            if let Some(tree) = space.tree()
                && let Err(error) = self.database.delete_keyspace(tree.clone())
            {
                tracing::warn!(%error, space = space.id, "The records of an emptied database cannot be deleted yet");
            }
        }
    }

    /// Removes the graves of which nothing is left.
    pub(crate) fn close_graves(&self) {
        let mut empty: Vec<u64> = Vec::new();
        for grave in self.graves.dead() {
            let space = self.spaces.read().get(&grave.space).cloned();
            let is_empty = match space {
                None => true,
                Some(space) => {
                    let prefix = format::element_prefix(grave.place.home, grave.place.id);
                    space.tree().is_none_or(|tree| tree.prefix(prefix).next().is_none())
                }
            };
            if is_empty {
                empty.push(grave.place.id);
            }
        }
        empty.retain(|id| self.system.remove(grave_key(*id)).is_ok());
        if !empty.is_empty() {
            self.graves.forget(&empty);
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
        self.database.persist(PersistMode::Buffer).map_err(|error| self.fail(&error))?;
        self.flushed.fetch_max(committed, Ordering::AcqRel);
        Ok(())
    }

    fn to_be_synced(&self) -> Option<u64> {
        (self.policy() == SyncPolicy::Always).then(|| self.committed.load(Ordering::Acquire))
    }

    fn poll_synced(&self, commit: u64, waker: &Waker) -> Poll<Result<(), Fault>> {
        let look = || {
            if self.synced.load(Ordering::Acquire) >= commit {
                return Poll::Ready(Ok(()));
            }
            match self.has_failed.load(Ordering::Acquire).then(|| self.failure.lock().clone()).flatten() {
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
        self.shared.budget.set_max((settings.cache_bytes / 2) as usize);
        self.free_bytes_min.store(settings.free_bytes_min, Ordering::Relaxed);
    }

    fn figures(&self) -> Vec<(&'static str, u64)> {
        crate::figures::of(self)
    }
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

fn grave_key(id: u64) -> [u8; 9] {
    let mut key = [GRAVE; 9];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

fn read_grave(key: &[u8], value: &[u8]) -> Option<(u64, u64, u16)> {
    let id = u64::from_be_bytes(*key.get(1..)?.first_chunk()?);
    let (space, home) = value.split_first_chunk()?;
    Some((id, u64::from_le_bytes(*space), u16::from_le_bytes(*home.first_chunk()?)))
}

/// How the tree of a space is set up. Measurements set one up alike.
pub fn tree_options(options: &Options) -> KeyspaceCreateOptions {
    /// Of what is written and not in a table yet; up to five times as much while the disk is slow.
    const MEMTABLE_BYTES: std::ops::RangeInclusive<u64> = 8 << 20..=64 << 20;
    let memtable_bytes =
        (options.settings.cache_bytes / 16).clamp(*MEMTABLE_BYTES.start(), *MEMTABLE_BYTES.end());
    let compression = if options.compresses {
        CompressionPolicy::new([CompressionType::None, CompressionType::None, CompressionType::Lz4])
    } else {
        CompressionPolicy::disabled()
    };
    let bloom = |bits| FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(bits));
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(memtable_bytes)
        .data_block_compression_policy(compression)
        .filter_policy(FilterPolicy::new([bloom(14.0), bloom(10.0)]))
}
