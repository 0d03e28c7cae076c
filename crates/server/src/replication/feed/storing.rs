//! Storing the stream with what it tells of, and reading it again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keyspace::Effects;
use keyspace::engine::{Batch, Store, StreamEnd, Streamed};
use keyspace::fault::Fault;
use log::encoding::with_unit;
use replication::{History, Position, ReplicationId};
use sync::MutexGuard;

use super::Feed;
use super::stored::{Stored, read_names};
use crate::replication::random_id;
use crate::replication::saved::Saved;

impl Feed {
    /// Has the stream be stored in `store`, if that `has_all` databases.
    pub fn keep_in(&self, store: &Arc<dyn Store>, has_all: bool) {
        let stored = Stored::of(Arc::clone(store), Arc::clone(&self.is_known));
        if has_all {
            self.store.get_or_init(|| Arc::clone(store));
            *self.stored.lock() = stored;
        } else {
            stored.disown();
        }
    }

    /// Whether the stream is stored with what it tells of.
    pub fn is_stored(&self) -> bool {
        self.store.get().is_some()
    }

    /// Where in the stream what is stored says that it is.
    pub fn stored_end(&self) -> Option<(Saved, History)> {
        let store = self.store.get()?;
        let end = store.stream_end().inspect_err(|fault| tracing::warn!("Replicas will begin anew: {fault}"));
        let StreamEnd { id, offset, database, names } = end.ok()??;
        let id = ReplicationId::parse(&id)?;
        Some((Saved { position: Position { id, offset }, database }, read_names(id, &names)))
    }

    /// As [`Feed::append`], with what `write` is to store, which gets to know where in the stream it is. `is_copy` says that
    /// it is what the primary has sent.
    pub fn append_stored(
        &self,
        unit: Option<&Effects>,
        is_copy: bool,
        batch: &mut Batch,
        write: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if !self.is_active() && !self.is_known.load(Ordering::Acquire) {
            return write(batch);
        }
        let mut stored = self.stored.lock();
        if !self.is_active() {
            let correction = stored.correction();
            return stored.write(batch, correction, write);
        }
        if stored.store().is_none() {
            let correction = stored.is_known().then_some(Streamed::Unknown);
            stored.write(batch, correction, write)?;
            if let Some(unit) = unit {
                self.append_unit(unit);
            }
            return Ok(());
        }
        let follows = self.inner.lock().follows;
        let added = match unit {
            _ if follows => is_copy.then(|| stored.take_expected()).flatten(),
            Some(unit) if !is_copy => self.encode(unit),
            _ => None,
        };
        let Some((added, database)) = added else {
            let correction = stored.correction();
            return stored.write(batch, correction, write);
        };
        let added_bytes = added.len();
        let stretch = self.next_stretch(&stored, Some((added, database)));
        stored.write(batch, Some(stretch), write)?;
        let mut inner = self.inner.lock();
        inner.note_stored(batch);
        // What the primary has sent is added when it was done.
        if let Some(Streamed::Stretch(stretch)) = batch.streamed.as_ref().filter(|_| !follows) {
            inner.selected = Some(database);
            self.add(&mut inner, &stretch.bytes[stretch.bytes.len() - added_bytes..]);
        }
        Ok(())
    }

    /// The bytes of a unit, and the database that is selected behind them.
    fn encode(&self, unit: &Effects) -> Option<(Vec<u8>, u16)> {
        let mut encoded = None;
        with_unit(unit.iter(), |unit| {
            let mut out = Vec::with_capacity(unit.bytes.len());
            unit.push_head(&mut out, self.inner.lock().selected);
            out.extend_from_slice(unit.bytes);
            encoded = Some((out, unit.last));
        });
        encoded
    }

    /// The stretch that is stored next: what was not stored so far, and what is added to it, behind which the stream is in
    /// another database; or else with the names that the stream has had.
    fn next_stretch(&self, stored: &Stored, added: Option<(Vec<u8>, u16)>) -> Streamed {
        let inner = self.inner.lock();
        let begin = stored.end().unwrap_or(inner.backlog.end());
        let (begin, mut bytes) = match inner.after(begin) {
            Some(bytes) => (begin, bytes),
            None => (inner.backlog.end(), Vec::new()),
        };
        let mut saved = inner.saved();
        let names = added.is_none().then_some(&inner.history);
        if let Some((mut added, database)) = added {
            saved.database = database;
            if bytes.is_empty() {
                bytes = added;
            } else {
                bytes.append(&mut added);
            }
        }
        stored.stretch(begin, bytes, saved, names)
    }

    /// Has what is stored say where in the stream it is, also where the stream has got another name or nothing was changed
    /// of late. Nothing is being done for the primary meanwhile.
    pub fn mark(&self) {
        self.mark_holding(&mut self.stored.lock());
    }

    pub(super) fn mark_holding(&self, stored: &mut MutexGuard<'_, Stored>) {
        let Some(store) = stored.store().filter(|_| self.is_active()).cloned() else { return };
        let stretch = self.next_stretch(stored, None);
        let mut batch = Batch::default();
        match stored.write(&mut batch, Some(stretch), &mut |batch| store.commit(batch)) {
            Ok(()) => self.inner.lock().note_stored(&batch),
            Err(fault) => tracing::warn!("After a restart now, replicas would begin anew: {fault}"),
        }
    }

    /// What is done next is this stretch of the primary's stream, behind which it is in `database`.
    pub fn expect(&self, bytes: &[u8], database: u16) {
        if self.is_stored() {
            self.stored.lock().expect(bytes, database);
        }
    }

    /// Looks which of the oldest that was stored has gone; to be called from time to time, while nothing is being done for
    /// the primary.
    pub fn tend_stored(&self) {
        /// What changes nothing that is stored, such as messages, is stored when there is so much of it.
        const UNSTORED_BYTES_MAX: u64 = 1 << 20;
        let Some(store) = self.store.get() else { return };
        let begin = store.stream_begin();
        let unstored_bytes = {
            let mut inner = self.inner.lock();
            if let (Some((known, _)), Some(begin)) = (&mut inner.stored, begin) {
                *known = begin.max(*known);
            }
            inner.stored.map_or(0, |(_, end)| inner.backlog.end().saturating_sub(end))
        };
        if unstored_bytes > UNSTORED_BYTES_MAX {
            self.mark();
        }
    }

    /// The store was opened again, perhaps without the last that was written to it. What is there is then at no position of
    /// the stream, and whoever follows begins anew.
    pub fn store_was_renewed(&self) {
        let mut stored = self.stored.lock();
        let is_as_before = stored.end().is_some()
            && self.stored_end().map(|(saved, _)| saved.position.offset) == stored.end();
        if is_as_before || !self.is_active() {
            return;
        }
        let mut inner = self.inner.lock();
        let offset = inner.backlog.end();
        inner.history = History::new(random_id());
        stored.forget();
        self.restart(&mut inner, offset);
    }

    /// The server goes on where what is stored says that it is.
    pub fn resume_stored(&self, saved: Saved, history: History) {
        let mut stored = self.stored.lock();
        let offset = saved.position.offset;
        let begin = self.store.get().and_then(|store| store.stream_begin()).unwrap_or(offset);
        self.go_on(saved, &[]);
        stored.is_at(offset);
        let mut inner = self.inner.lock();
        inner.stored = Some((begin, offset));
        inner.history = history;
    }

    /// Whether the store has what comes behind `offset`, so that it costs no memory to wait for who is there.
    pub fn is_stored_behind(&self, offset: u64) -> bool {
        self.inner.lock().is_stored_behind(offset)
    }
}
