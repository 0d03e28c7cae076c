//! Who takes what transactions did: the append-only file, and the replicas.
//!
//! Nothing is recorded unless one of them wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use keyspace::engine::Batch;
use keyspace::fault::Fault;
use keyspace::{Effects, Keyspace, Log};
use log::Stream;

use crate::replication::Feed;

/// One who may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Taker {
    /// The append-only file.
    File = 1,
    /// The stream to replicas.
    Replicas = 2,
}

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

    fn gives(&self, taker: Taker) -> bool {
        self.wanted.load(Ordering::Relaxed) & taker as u8 != 0
    }
}

impl Log for Logs {
    fn append(&self, unit: &Effects) {
        if self.gives(Taker::File) {
            self.file.append(unit);
        }
        if self.gives(Taker::Replicas) {
            self.feed.append(unit);
        }
    }

    fn append_stored(
        &self,
        unit: Option<&Effects>,
        is_copy: bool,
        batch: &mut Batch,
        write: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let streamed = unit.filter(|_| self.gives(Taker::Replicas));
        self.feed.append_stored(streamed, is_copy, batch, write)?;
        if let Some(unit) = unit.filter(|_| self.gives(Taker::File)) {
            self.file.append(unit);
        }
        Ok(())
    }

    fn store_was_renewed(&self) {
        self.feed.store_was_renewed();
    }
}
