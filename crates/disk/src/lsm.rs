//! The LSM database with the trees of all spaces: what the store lets go of as a whole when it is closed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fjall::config::{BloomConstructionPolicy, CompressionPolicy, FilterPolicy, FilterPolicyEntry};
use fjall::{AbstractTree as _, CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use keyspace::engine::{Batch, Counts, Elsewhere, StreamEnd, Streamed, Stretch};
use sync::RwLock;

use crate::cache::Budget;
use crate::compaction::Compactions;
use crate::damage::Damage;
use crate::format::{self, Place, Tag};
use crate::graves::{Filters, Grave, Graves};
use crate::handoff::Handoff;
use crate::ids::Ids;
use crate::space::{Shared, Space};
use crate::store::{DATABASE, GRAVE, Options, database_key, grave_key, read_grave, tree_dir};
use crate::stream::{self, Stream};

const SYSTEM_NAME: &str = "system";
/// Its counts are rewritten with every key that is made or removed, and small once they are in a table.
const SYSTEM_MEMTABLE_BYTES: u64 = 4 << 20;
/// What is in memory and in no table yet is behind when it is so many full memtables. One is being filled, and the
/// library halts its writers for a tenth of a second and more, and with them their workers, when four wait to be written
/// out.
const MEMTABLES_MAX: u64 = 4;
/// The key of a record that says nothing.
const TICK: &[u8] = b"tick";
/// The key, among the store's own records, of the libraries of functions.
const LIBRARIES: &[u8] = b"libraries";

/// An LSM database that is open.
pub struct Lsm {
    options: Options,
    pub database: Database,
    pub system: Keyspace,
    pub shared: Arc<Shared>,
    pub stream: Stream,
    spaces: RwLock<HashMap<u64, Arc<Space>>>,
}

impl Lsm {
    /// Opens the LSM database of the store, or makes it.
    pub fn open(
        options: &Options,
        graves: &Arc<Graves>,
        compactions: &Arc<Compactions>,
        budget: &Arc<Budget>,
    ) -> fjall::Result<Lsm> {
        let told = (Arc::clone(graves), Arc::clone(compactions));
        let database = Database::builder(tree_dir(&options.dir))
            .cache_size(options.settings.cache_bytes / 2)
            .max_journaling_size(options.journal_bytes_max)
            .manual_journal_persist(true)
            // Whoever writes would have to do it.
            .journal_compression(CompressionType::None)
            .worker_threads(options.threads.max(1))
            .with_compaction_filter_factories(Arc::new(move |name| {
                let (graves, compactions) = told.clone();
                (![SYSTEM_NAME, stream::NAME].contains(&name))
                    .then(|| Arc::new(Filters { graves, compactions }) as Arc<_>)
            }))
            .open()?;
        let system_options = || tree_options(options).max_memtable_size(SYSTEM_MEMTABLE_BYTES);
        let system = database.keyspace(SYSTEM_NAME, system_options)?;
        let shared = Arc::new(Shared {
            budget: Arc::clone(budget),
            handoff: Handoff(options.hand_over),
            damage: Damage::default(),
            ids: Ids::open(system.clone())?,
        });
        let stream = Stream::open(&database, || stream_options(options))?;
        Ok(Lsm { options: options.clone(), database, system, shared, stream, spaces: RwLock::default() })
    }

    /// The space of each of `databases`; spaces that serve none are deleted.
    pub fn spaces_of(&self, databases: &[u16]) -> fjall::Result<Vec<Arc<Space>>> {
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
        kept.extend([SYSTEM_NAME, stream::NAME].map(str::to_owned));
        for name in self.database.list_keyspace_names() {
            if !kept.iter().any(|kept| **kept == *name) {
                let tree = self.database.keyspace(&name, || tree_options(&self.options))?;
                self.database.delete_keyspace(tree)?;
                if let Ok(space) = name.parse() {
                    self.forget_counts(space)?;
                }
            }
        }
        let space_of = |database: &u16| match assigned.get(database) {
            Some(id) => self.space(*id),
            None => {
                let space = self.new_space()?;
                self.system.insert(database_key(*database), space.id.to_le_bytes())?;
                Ok(space)
            }
        };
        databases.iter().map(space_of).collect()
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

    /// The trees of all spaces, and that of the stream.
    pub fn trees(&self) -> Vec<Keyspace> {
        let spaces = self.spaces.read();
        let of_spaces = spaces.values().filter_map(|space| space.tree());
        of_spaces.chain(self.stream.tree()).cloned().collect()
    }

    /// How many keys each slot of a space has, for the slots that have any, in ascending order.
    pub fn counts_of(&self, space: u64) -> fjall::Result<Vec<(u16, Counts)>> {
        let mut stored = Vec::new();
        for record in self.system.prefix(format::counts_prefix(space)) {
            let (key, value) = record.into_inner()?;
            if let (Some(slot), Some(counts)) = (format::slot_of_counts(&key), format::read_counts(&value))
                && counts.keys > 0
            {
                stored.push((slot, counts));
            }
        }
        Ok(stored)
    }

    /// Brings into tables what is in memory of `tree`; says whether all of it is there in time.
    pub fn bring_into_tables(&self, tree: &Keyspace, until: Instant) -> fjall::Result<bool> {
        const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
        tree.rotate_memtable()?;
        while tree.sealed_memtable_count() > 0 {
            if Instant::now() > until {
                return Ok(false);
            }
            // An error when a flush has failed: none will be tried again.
            self.database.persist(PersistMode::Buffer)?;
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(true)
    }

    /// Lets go of the tables that compaction has replaced. By itself the library does so when a memtable is full: without
    /// writes they would stay, and take the room that further compaction needs.
    pub fn drop_replaced(&self) -> fjall::Result<()> {
        /// The library looks which snapshots are open whenever so many have been closed.
        const SNAPSHOTS_BETWEEN_LOOKS: usize = 10_000;
        let trees = self.trees();
        let has_replaced = |tree: &Keyspace| tree.tree.version_free_list_len() > 0;
        if !trees.iter().any(has_replaced) {
            return Ok(());
        }
        // Something has to come after what replaced them.
        self.system.insert(TICK, [])?;
        let snapshots = &self.database.supervisor.snapshot_tracker;
        (0..SNAPSHOTS_BETWEEN_LOOKS).for_each(|_| drop(snapshots.open()));
        for tree in trees {
            let mut versions = tree.tree.get_version_history_lock();
            versions.maintenance(tree.path(), snapshots.get_seqno_safe_to_gc())?;
        }
        Ok(())
    }

    /// Ends the threads that flush and compact; returns the trees, to which nothing happens any more.
    pub fn stop(self) -> Vec<Keyspace> {
        let mut trees = self.trees();
        trees.push(self.system);
        trees
    }

    /// Forgets how many keys a space had.
    fn forget_counts(&self, space: u64) -> fjall::Result<()> {
        for record in self.system.prefix(format::counts_prefix(space)) {
            self.system.remove(record.into_inner()?.0)?;
        }
        Ok(())
    }

    /// Deletes `space` with its records.
    pub fn delete(&self, space: &Space) {
        self.spaces.write().remove(&space.id);
        if let Err(error) = self.forget_counts(space.id) {
            tracing::warn!(%error, space = space.id, "The counts of an emptied database cannot be deleted yet");
        }
        let Some(tree) = space.tree() else { return };
        tracing::info!(disk_bytes = tree.disk_space(), "Deleting the records of an emptied database");
        if let Err(error) = self.database.delete_keyspace(tree.clone()) {
            tracing::warn!(%error, space = space.id, "The records of an emptied database cannot be deleted yet");
        }
    }

    /// Whether more was written than the disk takes, so that who has written should wait.
    pub fn is_behind(&self) -> bool {
        self.database.write_buffer_size() > MEMTABLES_MAX * memtable_bytes(&self.options)
    }

    /// Has memtables written out that are full. The library leaves that to the threads that also compact, and they may
    /// come to it late.
    fn bound_memtables(&self) {
        let bytes = memtable_bytes(&self.options);
        if self.database.write_buffer_size() < 2 * bytes {
            return;
        }
        // Where there are many databases, none of their memtables may be full.
        let full = if self.is_behind() { bytes / 4 } else { bytes };
        let size = |tree: &Keyspace| tree.tree.active_memtable().size();
        if let Some(largest) = self.trees().iter().max_by_key(|tree| size(tree))
            && size(largest) > full
            && let Err(error) = largest.rotate_memtable()
        {
            tracing::debug!(%error, "A full memtable stays");
        }
    }

    /// Writes all records of `batch`, with a grave for each collection that it leaves without a key.
    pub fn write(&self, batch: &Batch, orphans: &[Elsewhere]) -> fjall::Result<()> {
        self.write_records(batch, orphans)?;
        self.bound_memtables();
        Ok(())
    }

    fn write_records(&self, batch: &Batch, orphans: &[Elsewhere]) -> fjall::Result<()> {
        let spaces = self.spaces.read();
        let tree = |id: u64| spaces.get(&id).map_or(Ok(&self.system), |space| self.tree(space));
        let mut changes = batch.changes();
        if batch.len() == 1
            && orphans.is_empty()
            && batch.streamed.is_none()
            && batch.libraries.is_none()
            && let Some(change) = changes.next()
        {
            return match change.value {
                Some(value) => tree(change.space)?.insert(change.key, value),
                None => tree(change.space)?.remove(change.key),
            };
        }
        let mut written =
            fjall::OwnedWriteBatch::with_capacity(self.database.clone(), batch.len() + orphans.len());
        for change in changes {
            match change.value {
                Some(value) => written.insert(tree(change.space)?, change.key, value),
                None => written.remove(tree(change.space)?, change.key),
            }
        }
        for orphan in orphans {
            let value = [&orphan.space.to_le_bytes()[..], &orphan.slot.to_le_bytes()].concat();
            written.insert(&self.system, grave_key(orphan.id), value);
        }
        if let Some(libraries) = &batch.libraries {
            written.insert(&self.system, LIBRARIES, libraries.as_slice());
        }
        let Some(streamed) = &batch.streamed else { return written.commit() };
        let (key, value) = self.stream.record(streamed);
        let tree = self.stream.tree_or_make(&self.database, || stream_options(&self.options))?;
        written.insert(tree, key, value);
        if let Streamed::Stretch(Stretch { names: Some(names), .. }) = streamed {
            written.insert(&self.system, stream::NAMES, names.as_slice());
        }
        written.commit()?;
        self.stream.stored(streamed);
        Ok(())
    }

    /// Where in the stream what is stored is, if that is known.
    pub fn stream_end(&self) -> fjall::Result<Option<StreamEnd>> {
        self.stream.end(|| self.system.get(stream::NAMES))
    }

    /// The libraries of functions, if there ever were any.
    pub fn libraries(&self) -> fjall::Result<Option<Vec<u8>>> {
        Ok(self.system.get(LIBRARIES)?.map(|libraries| libraries.to_vec()))
    }

    /// Keeps no more of the stream than it may take.
    pub fn bound_stream(&self, bytes_max: u64) -> fjall::Result<()> {
        self.stream.bound(&self.database, bytes_max)
    }

    /// Every grave that is stored.
    pub fn graves(&self) -> fjall::Result<Vec<Grave>> {
        let mut graves = Vec::new();
        for record in self.system.prefix([GRAVE]) {
            let (key, value) = record.into_inner()?;
            if let Some((id, space, home)) = read_grave(&key, &value) {
                graves.push(Grave { space, place: Place { home, id }, commit: 1 });
            }
        }
        Ok(graves)
    }

    /// Whether no element of the collection in this grave is left.
    pub fn is_empty(&self, grave: &Grave) -> bool {
        let Some(space) = self.spaces.read().get(&grave.space).cloned() else { return true };
        let prefix = |tag| format::element_prefix(grave.place.home, tag, grave.place.id);
        let is_empty = |tree: &Keyspace, tag| tree.prefix(prefix(tag)).next().is_none();
        space.tree().is_none_or(|tree| is_empty(tree, Tag::Element) && is_empty(tree, Tag::Beside))
    }
}

/// The files that these trees consist of: their tables, and what says which these are.
pub fn files(trees: &[Keyspace]) -> Vec<PathBuf> {
    let of = |tree: &Keyspace| -> Vec<PathBuf> {
        let version = tree.tree.current_version();
        let lists = [tree.path().join("current"), tree.path().join(format!("v{}", version.id()))];
        let tables = version.iter_tables().map(|table| table.path.to_path_buf());
        lists.into_iter().chain(tables).collect()
    };
    trees.iter().flat_map(of).collect()
}

/// What may be written to a tree before it is brought into a table.
fn memtable_bytes(options: &Options) -> u64 {
    const BYTES: std::ops::RangeInclusive<u64> = 8 << 20..=64 << 20;
    (options.settings.cache_bytes / 16).clamp(*BYTES.start(), *BYTES.end())
}

/// How the tree of the stream is set up: its oldest table goes as a whole.
fn stream_options(options: &Options) -> KeyspaceCreateOptions {
    /// Tables are so many times smaller than all that is kept.
    const TABLES: u64 = 8;
    let table_bytes = memtable_bytes(options).min(options.settings.stream_bytes_max / TABLES).max(64 << 10);
    tree_options(options).max_memtable_size(table_bytes)
}

/// How the tree of a space is set up. Measurements set one up alike.
pub fn tree_options(options: &Options) -> KeyspaceCreateOptions {
    let compression = if options.compresses {
        CompressionPolicy::new([CompressionType::None, CompressionType::None, CompressionType::Lz4])
    } else {
        CompressionPolicy::disabled()
    };
    let bloom = |bits| FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(bits));
    KeyspaceCreateOptions::default()
        .manual_journal_persist(true)
        .max_memtable_size(memtable_bytes(options))
        .data_block_compression_policy(compression)
        .filter_policy(FilterPolicy::new([bloom(14.0), bloom(10.0)]))
}
