//! What was done within a consumer group, as commands that do the same to a copy: what depends on the time, on who asked
//! and on how far the group was is said outright.

use keyspace::Did;
use values::stream::{Pending, Progress, StreamId};

use super::id::id_text;
use crate::prelude::*;

/// A group's changes by one command, for one consumer.
#[derive(Default)]
pub(super) struct GroupChanges {
    /// Whether the consumer was made.
    pub is_new_consumer: bool,
    /// What the consumer holds now.
    pub delivered: Vec<(StreamId, Pending)>,
    /// What nobody holds any more.
    pub dropped: Vec<StreamId>,
    /// How far the group is, if that has changed.
    pub progress: Option<Progress>,
}

impl GroupChanges {
    /// Says so.
    pub fn tell(&self, did: &mut Did<'_>, key: &Key<'_>, group: &[u8], consumer: &[u8]) {
        if self.is_new_consumer {
            did.command([b"XGROUP".as_slice(), b"CREATECONSUMER", key.bytes, group, consumer]);
        }
        for (id, Pending { delivered_ms, deliveries, .. }) in &self.delivered {
            let (id, delivered, deliveries) =
                (id_text(*id), delivered_ms.to_string(), deliveries.to_string());
            did.command([
                b"XCLAIM",
                key.bytes,
                group,
                consumer,
                b"0",
                &id,
                b"TIME",
                delivered.as_bytes(),
                b"RETRYCOUNT",
                deliveries.as_bytes(),
                b"FORCE",
                b"JUSTID",
            ]);
        }
        for id in &self.dropped {
            did.command([b"XACK", key.bytes, group, &id_text(*id)]);
        }
        if let Some(Progress { last_id, entries_read }) = self.progress {
            // More than that cannot be said, and nobody has read so many.
            let read = entries_read.map_or(-1, |read| i64::try_from(read).unwrap_or(i64::MAX)).to_string();
            let id = id_text(last_id);
            let words = [b"XGROUP", b"SETID".as_slice(), key.bytes, group, &id, b"ENTRIESREAD"];
            did.command(words.into_iter().chain([read.as_bytes()]));
        }
    }
}
