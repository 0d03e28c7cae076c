//! Who takes what transactions did: the append-only file, and the replicas.
//!
//! Nothing is recorded unless one of them wants it.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use keyspace::engine::Batch;
use keyspace::fault::Fault;
use keyspace::{Effects, Keyspace, Log, Taker};
use log::Stream;

use crate::replication::Feed;

/// Hands what was done to all who want it.
pub(crate) struct Logs {
    wanted: AtomicU8,
    file: Arc<Stream>,
    feed: Arc<Feed>,
}

impl Logs {
    /// Nobody wants anything yet.
    pub fn new(file: Arc<Stream>, feed: Arc<Feed>) -> Logs {
        Logs { wanted: AtomicU8::new(0), file, feed }
    }

    /// Has `taker` be given what is done in `keyspace` from now on, or not. Whoever begins has all slots locked, or is
    /// alone, so that it gets every transaction whole or not at all.
    pub fn give(&self, keyspace: &Keyspace, taker: Taker, is_wanted: bool) {
        if is_wanted {
            self.wanted.fetch_or(taker as u8, Ordering::AcqRel);
        } else {
            self.wanted.fetch_and(!(taker as u8), Ordering::AcqRel);
        }
        keyspace.record_effects(self.wanted.load(Ordering::Acquire) != 0);
    }

    /// What `taker` is to be given of `unit`, if it wants anything.
    fn share<'u>(&self, unit: &'u Effects, taker: Taker) -> Option<Cow<'u, Effects>> {
        let is_wanted = self.wanted.load(Ordering::Relaxed) & taker as u8 != 0;
        if is_wanted { unit.share_of(taker) } else { None }
    }
}

impl Log for Logs {
    fn append(&self, unit: &Effects) {
        if let Some(unit) = self.share(unit, Taker::File) {
            self.file.append(&unit);
        }
        if let Some(unit) = self.share(unit, Taker::Replicas) {
            self.feed.append(&unit);
        }
    }

    fn append_stored(
        &self,
        unit: Option<&Effects>,
        is_copy: bool,
        batch: &mut Batch,
        write: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let streamed = unit.and_then(|unit| self.share(unit, Taker::Replicas));
        self.feed.append_stored(streamed.as_deref(), is_copy, batch, write)?;
        if let Some(unit) = unit.and_then(|unit| self.share(unit, Taker::File)) {
            self.file.append(&unit);
        }
        Ok(())
    }

    fn store_was_renewed(&self) {
        self.feed.store_was_renewed();
    }
}
