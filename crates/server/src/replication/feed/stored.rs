//! What databases on disk know of the stream.
//!
//! Where they have all that there is, each batch that is stored has with it the stretch of the stream that tells of it, so
//! what is stored always says where in the stream it is: a restart goes on from there, however the process ended. The
//! stretches are also a log of the last [`disk-backlog-size`](config::table::disk) bytes, for replicas that were away.
//!
//! Where that cannot be kept up, since something is not in the store (a database in memory) or the stream is another
//! one, the store is told before the next change that it does not know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyspace::engine::{Batch, Store, Streamed, Stretch};
use keyspace::fault::Fault;

use replication::{History, ReplicationId};

use crate::replication::saved::Saved;

/// What the store knows. Whoever adds to the stream, or puts another one in its place, holds this.
#[derive(Default)]
pub(super) struct Stored {
    /// The store, where every database is in it.
    store: Option<Arc<dyn Store>>,
    /// Up to where the stream is stored, if what is stored is at that position.
    end: Option<u64>,
    /// Whether the store says that it is somewhere in a stream.
    is_known: Arc<AtomicBool>,
    /// What the primary has sent and is being done, and the database that is selected behind it.
    coming: Option<(Vec<u8>, u16)>,
}

impl Stored {
    /// What `store` knows, which has every database; `is_known` says from now on whether it knows anything.
    pub fn of(store: Arc<dyn Store>, is_known: Arc<AtomicBool>) -> Stored {
        is_known.store(store.stream_end().is_ok_and(|end| end.is_some()), Ordering::Release);
        Stored { store: Some(store), end: None, is_known, coming: None }
    }

    /// What is stored is not all that there is any more, and belongs to no stream.
    pub fn disown(mut self) {
        self.forget();
    }

    /// The store, where it has all that there is.
    pub fn store(&self) -> Option<&Arc<dyn Store>> {
        self.store.as_ref()
    }

    /// Whether the store says that it is somewhere in a stream.
    pub fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Up to where the stream is stored, if what is stored is at that position.
    pub fn end(&self) -> Option<u64> {
        self.end
    }

    /// What is stored is at `offset`, as it says itself.
    pub fn is_at(&mut self, offset: u64) {
        self.end = Some(offset);
    }

    /// What is being done now is this stretch of the primary's stream; behind it the stream is in `database`.
    pub fn expect(&mut self, bytes: &[u8], database: u16) {
        if self.store.is_some() {
            self.coming = Some((bytes.to_vec(), database));
        }
    }

    /// Takes what is being done. Whoever stores it stores all of it.
    pub fn take_expected(&mut self) -> Option<(Vec<u8>, u16)> {
        self.coming.take()
    }

    /// The stretch that is stored next, to the end of `bytes`, which begin at `begin`; with it the names that the stream
    /// had, where they may be others than before.
    pub fn stretch(&self, begin: u64, bytes: Vec<u8>, saved: Saved, names: Option<&History>) -> Streamed {
        let mut id = [0; ReplicationId::DIGITS];
        id.copy_from_slice(saved.position.id.as_bytes());
        let is_next = self.is_known() && self.end == Some(begin);
        let names = names.map(write_names);
        Streamed::Stretch(Stretch { is_next, begin, bytes, id, database: saved.database, names })
    }

    /// Has `write` write `batch` beside what the store is to know from now on.
    pub fn write(
        &mut self,
        batch: &mut Batch,
        streamed: Option<Streamed>,
        write: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        batch.streamed = streamed;
        write(batch)?;
        match &batch.streamed {
            Some(Streamed::Stretch(stretch)) => {
                self.end = Some(stretch.begin + stretch.bytes.len() as u64);
                self.is_known.store(true, Ordering::Release);
            }
            Some(Streamed::Unknown) => self.is_known.store(false, Ordering::Release),
            None => {}
        }
        Ok(())
    }

    /// What the store has to be told with a change that the stream does not have.
    pub fn correction(&self) -> Option<Streamed> {
        (self.is_known() && self.end.is_none()).then_some(Streamed::Unknown)
    }

    /// What is stored belongs to no stream any more. Where the store does not take that now, it is told with the next
    /// change.
    pub fn forget(&mut self) {
        self.end = None;
        self.coming = None;
        if let (Some(streamed), Some(store)) = (self.correction(), self.store.clone()) {
            let written = self.write(&mut Batch::default(), Some(streamed), &mut |batch| store.commit(batch));
            if let Err(fault) = written {
                tracing::debug!("The store is yet to be told that it belongs to no stream: {fault}");
            }
        }
    }
}

/// A line for each name, the present one first, with how many bytes of each are also the present one's.
fn write_names(history: &History) -> Vec<u8> {
    let mut names = format!("{} 0\n", history.id());
    history.former().for_each(|(id, offset)| names += &format!("{id} {offset}\n"));
    names.into_bytes()
}

/// The names of the stream `id`, as far as `names` says that they are of that.
pub(super) fn read_names(id: ReplicationId, names: &[u8]) -> History {
    let parse = |line: &str| {
        let (id, offset) = line.split_once(' ')?;
        Some((ReplicationId::parse(id.as_bytes())?, offset.parse().ok()?))
    };
    let mut names = std::str::from_utf8(names).unwrap_or_default().lines().map_while(parse);
    match names.next() {
        Some((present, _)) if present == id => History::with_former(id, names),
        _ => History::new(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_their_stream() {
        let id = |digit: &str| ReplicationId::parse(digit.repeat(40).as_bytes()).expect("a name");
        let mut history = History::new(id("a"));
        history.fork(id("b"), 10);
        history.fork(id("c"), 20);
        let names = write_names(&history);
        assert_eq!(read_names(id("c"), &names), history);
        for (id, names) in
            [(id("d"), names.as_slice()), (id("c"), b""), (id("c"), b"\xff"), (id("c"), b"c 1\n")]
        {
            assert_eq!(read_names(id, names), History::new(id));
        }
    }
}
