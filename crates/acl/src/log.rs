//! What was denied of late: ACL LOG.

use std::collections::VecDeque;

use sync::Mutex;

use crate::Kind;

/// Denials that are alike count as one when they come within so many milliseconds.
const ALIKE_WITHIN_MS: u64 = 60_000;

/// So many of the newest entries are looked at for one that is alike.
const LOOKED_AT: usize = 10;

/// As much of a name as is kept: whoever is denied chooses it.
const NAME_BYTES_MAX: usize = 1024;

/// As much of a client's description, in which there are names that it has chosen too.
const CLIENT_BYTES_MAX: usize = 4096;

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// From a client, alone.
    Toplevel,
    /// Within a transaction.
    Multi,
    /// From a script.
    Lua,
}

impl Context {
    /// The name in ACL LOG.
    pub fn name(self) -> &'static str {
        match self {
            Context::Toplevel => "toplevel",
            Context::Multi => "multi",
            Context::Lua => "lua",
        }
    }
}

/// Something that was denied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Incident {
    /// What it is about.
    pub kind: Kind,
    /// Where the request came from.
    pub context: Context,
    /// The command, key or channel; for a failed login the command as it was typed.
    pub object: Vec<u8>,
    /// Whom it was denied.
    pub user: Vec<u8>,
    /// The client, as CLIENT LIST shows it.
    pub client: String,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

impl Incident {
    /// Of what is too long, it keeps the beginning.
    pub fn new(
        kind: Kind,
        context: Context,
        object: &[u8],
        user: &[u8],
        client: &str,
        at_ms: u64,
    ) -> Incident {
        let kept = |name: &[u8]| name[..name.len().min(NAME_BYTES_MAX)].to_vec();
        let client = client[..client.floor_char_boundary(CLIENT_BYTES_MAX)].to_owned();
        Incident { kind, context, object: kept(object), user: kept(user), client, at_ms }
    }
}

/// What was denied, once or several times.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The last time.
    pub incident: Incident,
    /// How often.
    pub count: u64,
    /// Counts up from 0; never used again.
    pub id: u64,
    /// When it was first denied, in Unix milliseconds.
    pub created_ms: u64,
}

impl Entry {
    fn is_like(&self, new: &Incident) -> bool {
        let old = &self.incident;
        old.kind == new.kind
            && old.context == new.context
            && old.at_ms.abs_diff(new.at_ms) <= ALIKE_WITHIN_MS
            && old.object == new.object
            && old.user == new.user
    }
}

/// The newest denials.
#[derive(Debug, Default)]
pub struct Log {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest first.
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl Log {
    /// Adds a denial, and keeps no more than `entries_max`.
    pub fn add(&self, incident: Incident, entries_max: usize) {
        let State { entries, next_id } = &mut *self.state.lock();
        if entries_max == 0 {
            entries.clear();
            return;
        }
        let alike = entries.iter().take(LOOKED_AT).position(|entry| entry.is_like(&incident));
        if let Some(mut entry) = alike.and_then(|place| entries.remove(place)) {
            entry.count += 1;
            entry.incident = incident;
            entries.push_front(entry);
        } else {
            let created_ms = incident.at_ms;
            entries.push_front(Entry { incident, count: 1, id: *next_id, created_ms });
            *next_id += 1;
        }
        entries.truncate(entries_max);
    }

    /// The newest `count`.
    pub fn newest(&self, count: usize) -> Vec<Entry> {
        self.state.lock().entries.iter().take(count).cloned().collect()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.state.lock().entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(object: &str, at_ms: u64) -> Incident {
        Incident::new(Kind::Key, Context::Toplevel, object.as_bytes(), b"ann", &"é".repeat(3000), at_ms)
    }

    fn shown(log: &Log) -> Vec<(String, u64, u64)> {
        let show = |entry: Entry| (String::from_utf8(entry.incident.object).unwrap(), entry.count, entry.id);
        log.newest(usize::MAX).into_iter().map(show).collect()
    }

    #[test]
    fn what_is_alike_is_counted() {
        let log = Log::default();
        for (object, at_ms) in [("a", 0), ("b", 1), ("a", 60_000), ("b", 60_002)] {
            log.add(incident(object, at_ms), 8);
        }
        assert_eq!(shown(&log), [("b".into(), 1, 2), ("a".into(), 2, 0), ("b".into(), 1, 1)]);
        assert_eq!(log.newest(2)[1].created_ms, 0);
        log.add(Incident { context: Context::Multi, ..incident("a", 60_000) }, 8);
        assert_eq!(log.newest(1)[0].count, 1);
        log.clear();
        assert!(log.newest(8).is_empty());
    }

    #[test]
    fn neither_entries_nor_names_are_without_bound() {
        let log = Log::default();
        for number in 0..100 {
            log.add(incident(&number.to_string().repeat(1024), 0), 5);
        }
        let entries = log.newest(usize::MAX);
        assert_eq!(entries.len(), 5);
        assert!(entries.iter().all(|entry| entry.incident.object.capacity() == NAME_BYTES_MAX));
        assert!(entries.iter().all(|entry| entry.incident.client.capacity() <= CLIENT_BYTES_MAX));
        log.add(incident("a", 0), 0);
        assert!(log.newest(1).is_empty());
    }
}
