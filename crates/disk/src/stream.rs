//! The stream of what was done, as far as it is stored: a record for each stretch, in a tree of its own, written in one
//! batch with what the stretch tells of.
//!
//! So after a crash the last record says where in the stream everything is that is stored, and the records before it have
//! what replicas lack that were away. They are numbered without gaps, so one that has a certain byte is found by halving.
//! The oldest go, a table at a time, when all of them take more than they may.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use fjall::compaction::Fifo;
use fjall::{AbstractTree as _, Database, Keyspace, KeyspaceCreateOptions, Slice};
use keyspace::engine::{STREAM_ID_BYTES, StreamEnd, Streamed, Stretch};

/// The tree's name.
pub const NAME: &str = "stream";

/// The key, among the store's own records, of the names that the stream had.
pub const NAMES: &[u8] = b"names";

/// How much is read at once, if it lies in several records.
const READ_BYTES: usize = 64 << 10;

/// Records of the stream.
pub struct Stream {
    tree: OnceLock<Keyspace>,
    /// The number of the next record.
    next: AtomicU64,
    /// The number of the first record of those that follow on each other up to the last one.
    first: AtomicU64,
}

impl Stream {
    /// What `database` has of it.
    pub fn open(
        database: &Database,
        options: impl FnOnce() -> KeyspaceCreateOptions,
    ) -> fjall::Result<Stream> {
        let stream = Stream { tree: OnceLock::new(), next: AtomicU64::new(0), first: AtomicU64::new(0) };
        if database.keyspace_exists(NAME) {
            let tree = stream.tree_or_make(database, options)?;
            if let Some(last) = tree.last_key_value() {
                let (key, value) = last.into_inner()?;
                if let (Some(number), Some(record)) = (read_number(&key), Record::read(&value)) {
                    stream.next.store(number + 1, Ordering::Release);
                    stream.first.store(record.first, Ordering::Release);
                }
            }
        }
        Ok(stream)
    }

    /// The tree, made if there is none yet.
    pub fn tree_or_make(
        &self,
        database: &Database,
        options: impl FnOnce() -> KeyspaceCreateOptions,
    ) -> fjall::Result<&Keyspace> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        // How much is kept is said anew each time that some has to go ([`Stream::bound`]).
        let keeps_all = || options().compaction_strategy(Arc::new(Fifo::new(u64::MAX, None)));
        let tree = database.keyspace(NAME, keeps_all)?;
        Ok(self.tree.get_or_init(|| tree))
    }

    /// The tree, if there ever was one.
    pub fn tree(&self) -> Option<&Keyspace> {
        self.tree.get()
    }

    /// The key and the value of the next record. Whoever stores several does so one after the other.
    pub fn record(&self, streamed: &Streamed) -> ([u8; 8], Vec<u8>) {
        let number = self.next.load(Ordering::Acquire);
        let first = match streamed {
            Streamed::Stretch(Stretch { is_next: true, .. }) => self.first.load(Ordering::Acquire),
            _ => number,
        };
        (number.to_be_bytes(), write_record(first, streamed))
    }

    /// What [`Stream::record`] gave is stored.
    pub fn stored(&self, streamed: &Streamed) {
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        if !matches!(streamed, Streamed::Stretch(Stretch { is_next: true, .. })) {
            self.first.store(number, Ordering::Release);
        }
    }

    /// Where in the stream what is stored is, if that is known; `names` are those of the store's own records.
    pub fn end(
        &self,
        names: impl FnOnce() -> fjall::Result<Option<Slice>>,
    ) -> fjall::Result<Option<StreamEnd>> {
        let Some(last) = self.next.load(Ordering::Acquire).checked_sub(1) else { return Ok(None) };
        let Some(value) = self.get(last)? else { return Ok(None) };
        let Some(Record { stretch: Some((begin, id, database)), bytes, .. }) = Record::read(&value) else {
            return Ok(None);
        };
        let names = names()?.map_or_else(Vec::new, |names| names.to_vec());
        Ok(Some(StreamEnd { id, offset: begin + bytes.len() as u64, database, names }))
    }

    /// How many bytes come before those that are stored.
    pub fn begin(&self) -> fjall::Result<Option<u64>> {
        let Some(first) = self.first_kept()? else { return Ok(None) };
        let value = self.get(first)?;
        Ok(value.and_then(|value| Record::read(&value)?.stretch).map(|(begin, ..)| begin))
    }

    /// Some bytes behind the first `offset`; none when there are no more, `None` when they are not there.
    pub fn after(&self, offset: u64) -> fjall::Result<Option<Vec<u8>>> {
        let Some(first) = self.first_kept()? else { return Ok(None) };
        // The last record that begins there or before.
        let (mut low, mut high) = (first, self.next.load(Ordering::Acquire));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.begin_of(middle)? {
                Some(begin) if begin <= offset => low = middle + 1,
                Some(_) => high = middle,
                // It has just gone with the oldest.
                None => return Ok(None),
            }
        }
        let Some(mut number) = low.checked_sub(1).filter(|number| *number >= first) else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut end = offset;
        while bytes.len() < READ_BYTES
            && let Some(value) = self.get(number)?
            && let Some(record) = Record::read(&value)
            && let Some((begin, ..)) = record.stretch
        {
            let Some(more) =
                end.checked_sub(begin).and_then(|known| record.bytes.get(usize::try_from(known).ok()?..))
            else {
                // A gap, or beyond the end.
                return Ok((!bytes.is_empty()).then_some(bytes));
            };
            bytes.extend_from_slice(more);
            end += more.len() as u64;
            number += 1;
        }
        Ok(Some(bytes))
    }

    fn begin_of(&self, number: u64) -> fjall::Result<Option<u64>> {
        let value = self.get(number)?;
        Ok(value.and_then(|value| Record::read(&value)?.stretch).map(|(begin, ..)| begin))
    }

    fn get(&self, number: u64) -> fjall::Result<Option<Slice>> {
        self.tree.get().map_or(Ok(None), |tree| tree.get(number.to_be_bytes()))
    }

    /// The number of the first record that is there of those that follow on each other.
    fn first_kept(&self) -> fjall::Result<Option<u64>> {
        let Some(tree) = self.tree.get() else { return Ok(None) };
        let from = self.first.load(Ordering::Acquire).to_be_bytes();
        tree.range(from..).next().map_or(Ok(None), |record| Ok(read_number(&record.key()?)))
    }

    /// Lets the oldest go, so that all take no more than about `bytes_max`. The last table stays: it has the end.
    pub fn bound(&self, database: &Database, bytes_max: u64) -> fjall::Result<()> {
        let Some(tree) = self.tree.get() else { return Ok(()) };
        if tree.disk_space() > bytes_max {
            let version = tree.tree.current_version();
            let last = version.iter_tables().max_by_key(|table| table.id());
            let last = last.and_then(|table| Some(std::fs::metadata(&*table.path).ok()?.len()));
            let safe = database.supervisor.snapshot_tracker.get_seqno_safe_to_gc();
            tree.tree.compact(Arc::new(Fifo::new(bytes_max.max(last.unwrap_or(0)), None)), safe)?;
        }
        Ok(())
    }
}

/// A record, as it is read.
struct Record<'r> {
    /// The number of the first of those that it follows on.
    first: u64,
    /// Where the stretch begins, and the stream's name and the selected database behind it; `None` when it is not known
    /// where in a stream the stored is.
    stretch: Option<(u64, [u8; STREAM_ID_BYTES], u16)>,
    bytes: &'r [u8],
}

/// In the first byte of a record.
const UNKNOWN: u8 = 0;
const STRETCH: u8 = 1;

fn write_record(first: u64, streamed: &Streamed) -> Vec<u8> {
    let mut out = Vec::new();
    match streamed {
        Streamed::Unknown => {
            out.push(UNKNOWN);
            out.extend_from_slice(&first.to_le_bytes());
        }
        Streamed::Stretch(stretch) => {
            out.push(STRETCH);
            out.extend_from_slice(&first.to_le_bytes());
            out.extend_from_slice(&stretch.begin.to_le_bytes());
            out.extend_from_slice(&stretch.database.to_le_bytes());
            out.extend_from_slice(&stretch.id);
            out.extend_from_slice(&stretch.bytes);
        }
    }
    out
}

impl Record<'_> {
    fn read(value: &[u8]) -> Option<Record<'_>> {
        let (kind, rest) = value.split_first()?;
        let (first, rest) = rest.split_first_chunk()?;
        let first = u64::from_le_bytes(*first);
        if *kind == UNKNOWN {
            return Some(Record { first, stretch: None, bytes: &[] });
        }
        let (begin, rest) = rest.split_first_chunk()?;
        let (database, rest) = rest.split_first_chunk()?;
        let (id, bytes) = rest.split_first_chunk()?;
        let stretch = (u64::from_le_bytes(*begin), *id, u16::from_le_bytes(*database));
        (*kind == STRETCH).then_some(Record { first, stretch: Some(stretch), bytes })
    }
}

fn read_number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    struct Stored {
        stream: Stream,
        database: Database,
    }

    fn open(path: &Path) -> Stored {
        let database = Database::builder(path).open().expect("the database can be opened");
        let stream = Stream::open(&database, options).expect("the stream can be read");
        Stored { stream, database }
    }

    fn options() -> KeyspaceCreateOptions {
        KeyspaceCreateOptions::default().max_memtable_size(64 << 10)
    }

    /// Byte number `offset` of the stream.
    fn byte(offset: u64) -> u8 {
        (offset % 251) as u8
    }

    impl Stored {
        fn write(&self, streamed: &Streamed) {
            let tree = self.stream.tree_or_make(&self.database, options).expect("the tree can be made");
            let (key, value) = self.stream.record(streamed);
            tree.insert(key, value).expect("the record can be written");
            self.stream.stored(streamed);
        }

        fn add(&self, is_next: bool, begin: u64, len: u64) {
            let bytes = (begin..begin + len).map(byte).collect();
            self.write(&Streamed::Stretch(Stretch {
                is_next,
                begin,
                bytes,
                id: [b'a'; 40],
                database: 3,
                names: None,
            }));
        }

        fn end(&self) -> Option<u64> {
            self.stream.end(|| Ok(None)).expect("it can be read").map(|end| {
                assert_eq!((end.id, end.database), ([b'a'; 40], 3));
                end.offset
            })
        }

        fn begin(&self) -> Option<u64> {
            self.stream.begin().expect("it can be read")
        }

        /// All that comes behind `offset`.
        fn read(&self, mut offset: u64) -> Option<Vec<u8>> {
            let mut all = Vec::new();
            loop {
                let some = self.stream.after(offset).expect("it can be read")?;
                if some.is_empty() {
                    return Some(all);
                }
                offset += some.len() as u64;
                all.extend_from_slice(&some);
            }
        }
    }

    #[test]
    fn what_is_stored_can_be_read_from_anywhere_also_by_who_opens_it_again() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut stored = open(directory.path());
        assert_eq!((stored.end(), stored.begin(), stored.read(0)), (None, None, None));
        stored.add(false, 100, 0);
        let mut end = 100;
        for len in [1, 7, 0, 0, 100_000, 3, 70_000, 0] {
            stored.add(true, end, len);
            end += len;
        }
        for _ in 0..2 {
            assert_eq!((stored.begin(), stored.end()), (Some(100), Some(end)));
            for offset in [100, 101, 105, 108, 50_000, 100_108, 100_109, end - 1, end] {
                let expected: Vec<u8> = (offset..end).map(byte).collect();
                assert_eq!(stored.read(offset), Some(expected), "{offset}");
            }
            assert_eq!((stored.read(99), stored.read(end + 1)), (None, None));
            drop(stored);
            stored = open(directory.path());
        }
        // Another stream, of which nothing before is a part.
        stored.add(false, 50, 10);
        assert_eq!((stored.begin(), stored.end()), (Some(50), Some(60)));
        assert_eq!((stored.read(100), stored.read(55).map(|bytes| bytes.len())), (None, Some(5)));
        stored.write(&Streamed::Unknown);
        drop(stored);
        let stored = open(directory.path());
        assert_eq!((stored.end(), stored.begin(), stored.read(55)), (None, None, None));
    }

    #[test]
    fn the_oldest_goes_and_writers_are_not_held_up() {
        const KEPT_BYTES: u64 = 1 << 20;
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let stored = open(directory.path());
        let mut end = 0;
        for number in 0..2000 {
            stored.add(number > 0, end, 10_000);
            end += 10_000;
            if number % 20 == 0 {
                // As many as there are wanting go into one table.
                let tree = stored.stream.tree().expect("there is one");
                tree.rotate_memtable_and_wait().expect("it can be written out");
                stored.stream.bound(&stored.database, KEPT_BYTES).expect("the oldest can go");
            }
            let tree = stored.stream.tree().expect("there is one");
            // At 20 the library begins to halt writers.
            assert!(tree.tree.l0_run_count() < 10, "{}", tree.tree.l0_run_count());
        }
        let tree = stored.stream.tree().expect("there is one");
        tree.rotate_memtable_and_wait().expect("it can be written out");
        stored.stream.bound(&stored.database, KEPT_BYTES).expect("the oldest can go");
        assert!(tree.disk_space() <= KEPT_BYTES);
        let begin = stored.begin().expect("something is kept");
        assert!(end - begin <= KEPT_BYTES && end - begin > KEPT_BYTES / 2, "{begin} to {end}");
        assert_eq!(stored.read(begin).map(|bytes| bytes.len() as u64), Some(end - begin));
        assert_eq!(stored.read(begin - 1), None);
        assert_eq!(stored.end(), Some(end));
    }
}
