//! What the commands on consumer groups share: how groups are found, and how far behind one is.

use keyspace::StreamMut;
use values::stream::{ConsumerNumber, GroupNumber, Groups, Progress, StreamId, StreamRef};

use crate::prelude::*;

/// The error for a key or a group that is not there.
pub(super) fn no_key_or_group(key: &Key<'_>, group: &[u8]) -> Error {
    let (key, group) = (shown(key.bytes), shown(group));
    Error::Text(format!("NOGROUP No such key '{key}' or consumer group '{group}'").into())
}

/// The error for a group that is not there, of a key that is.
pub(super) fn no_group(key: &Key<'_>, group: &[u8]) -> Error {
    let (key, group) = (shown(key.bytes), shown(group));
    Error::Text(format!("NOGROUP No such consumer group '{group}' for key name '{key}'").into())
}

/// The error for a word behind a subcommand that it does not take.
pub(super) fn unknown_option(container: &str, subcommand: &str) -> Error {
    Error::new(format_args!(
        "unknown subcommand or wrong number of arguments for '{subcommand}'. Try {container} HELP."
    ))
}

/// What can be said of a stream's past, as Redis says it.
#[derive(Clone, Copy)]
pub(super) struct Past {
    len: u64,
    first_id: StreamId,
    last_id: StreamId,
    max_deleted_id: StreamId,
    entries_added: u64,
}

impl Past {
    pub fn of(stream: StreamRef<'_>) -> Past {
        let state = stream.state();
        Past {
            len: stream.len() as u64,
            first_id: stream.first_id().unwrap_or_default(),
            last_id: state.last_id,
            max_deleted_id: state.max_deleted_id,
            entries_added: state.entries_added,
        }
    }

    /// What the first entry is called; 0-0 where there is none.
    pub fn first_id(self) -> StreamId {
        self.first_id
    }

    /// Whether entries may be missing from `from` on.
    fn has_gaps(self, from: StreamId) -> bool {
        self.len > 0
            && self.max_deleted_id != StreamId::MIN
            && self.first_id <= self.max_deleted_id
            && from <= self.max_deleted_id
    }

    /// How many entries, from the first ever, were added up to the one called `id`, where that can be known.
    fn position(self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if id == self.last_id || self.len == 0 && id < self.last_id {
            return Some(self.entries_added);
        }
        let is_whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        if id > self.last_id || id > self.first_id || !is_whole {
            return None;
        }
        let before_first = self.entries_added.saturating_sub(self.len);
        Some(before_first + u64::from(id == self.first_id))
    }

    /// How many entries a group has yet to get.
    pub fn lag(self, progress: Progress) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = match progress.entries_read {
            Some(read) if !self.has_gaps(progress.last_id) => read,
            _ => self.position(progress.last_id)?,
        };
        Some(self.entries_added.wrapping_sub(read).cast_signed())
    }

    /// How far a group is that has got the entry called `id`.
    pub fn advance(self, progress: &mut Progress, id: StreamId) {
        if id <= progress.last_id {
            return;
        }
        match &mut progress.entries_read {
            Some(read) if !self.has_gaps(id) => *read = read.saturating_add(1),
            read if self.entries_added > 0 => *read = self.position(id),
            _ => {}
        }
        progress.last_id = id;
    }
}

/// Writes a number that may not be known.
pub(super) fn reply_known(number: Option<i64>, reply: &mut Reply) {
    match number {
        Some(number) => reply.integer(number),
        None => reply.null(),
    }
}

/// The consumer called `name`, made where there is none, which was seen now; and whether it was made.
pub(super) fn consumer_or_new(
    stream: &mut StreamMut<'_>,
    group: GroupNumber,
    name: &[u8],
    now_ms: u64,
) -> (ConsumerNumber, bool) {
    let found = stream.read().groups().find_consumer(group, name);
    match found {
        Some(consumer) => {
            stream.groups().note_seen(group, consumer, now_ms, None);
            (consumer, false)
        }
        None => {
            stream.count_changes(1);
            stream.tell("xgroup-createconsumer");
            (stream.groups().create_consumer(group, name, now_ms), true)
        }
    }
}

/// The stream at `key`, to change, and its group called `name`, where there are both.
pub(super) fn stream_and_group<'t>(
    txn: &'t mut WriteTxn<'_>,
    key: &Key<'_>,
    name: &[u8],
) -> Result<Option<(StreamMut<'t>, GroupNumber)>> {
    let stream = txn.stream_mut(key)?;
    Ok(stream.and_then(|stream| {
        let group = stream.read().groups().find(name)?;
        Some((stream, group))
    }))
}

/// Notes that there is no such key, if that is so: what changes streams counts as a command that reads them there.
pub(super) fn note_miss(txn: &WriteTxn<'_>, key: &Key<'_>) {
    txn.look_for(key);
}

/// The group called `name` of the stream at `key`.
pub(super) fn find_group(groups: &dyn Groups, key: &Key<'_>, name: &[u8]) -> Result<GroupNumber> {
    groups.find(name).ok_or_else(|| no_group(key, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> StreamId {
        StreamId { ms, seq: 0 }
    }

    /// Entries 1 to 5, of which `deleted` is the last that was removed.
    fn past(len: u64, first: u64, deleted: u64) -> Past {
        let (first_id, max_deleted_id) = (id(first), id(deleted));
        Past { len, first_id, last_id: id(5), max_deleted_id, entries_added: 5 }
    }

    #[test]
    fn a_position_is_known_at_the_ends_and_where_nothing_is_missing() {
        for (past, at, expected) in [
            (past(5, 1, 0), 5, Some(5)),
            (past(5, 1, 0), 1, Some(1)),
            (past(5, 1, 0), 0, Some(0)),
            (past(5, 1, 0), 3, None),
            (past(5, 1, 0), 6, None),
            (past(3, 3, 0), 2, Some(2)),
            (past(4, 1, 3), 1, None),
            (past(4, 2, 1), 2, Some(2)),
            (past(0, 0, 5), 2, Some(5)),
        ] {
            assert_eq!(past.position(id(at)), expected);
        }
    }

    #[test]
    fn a_group_counts_on_while_nothing_is_missing_ahead() {
        let mut progress = Progress { last_id: id(0), entries_read: Some(0) };
        past(5, 1, 0).advance(&mut progress, id(1));
        assert_eq!((progress.entries_read, past(5, 1, 0).lag(progress)), (Some(1), Some(4)));
        past(4, 1, 3).advance(&mut progress, id(2));
        assert_eq!((progress.entries_read, past(4, 1, 3).lag(progress)), (None, None));
        past(4, 1, 3).advance(&mut progress, id(5));
        assert_eq!((progress.entries_read, past(4, 1, 3).lag(progress)), (Some(5), Some(0)));
        past(4, 1, 3).advance(&mut progress, id(4));
        assert_eq!(progress.last_id, id(5), "it never goes back");
    }
}
