//! The sessions that clients may resume: the last so many, for some minutes.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use rustls::server::StoresServerSessions;
use rustls::time_provider::TimeProvider;
use sync::Mutex;

/// Sessions that are remembered where `tls-session-cache-size` sets no bound: clients make them, at about half a
/// kilobyte each.
const SESSIONS_MAX: usize = 1 << 18;

/// A store of sessions. It forgets the oldest ones first.
pub(crate) struct Sessions {
    sessions_max: usize,
    timeout_s: u64,
    clock: Arc<dyn TimeProvider>,
    stored: Mutex<Stored>,
}

#[derive(Default)]
struct Stored {
    by_id: HashMap<Vec<u8>, Session>,
    /// The ids with the seconds at which they came, also of those that were taken since.
    in_order: VecDeque<(u64, Vec<u8>)>,
}

struct Session {
    stored_s: u64,
    secret: Vec<u8>,
}

impl Sessions {
    /// A store of `sessions_max` sessions, 0 for as many as the server can bear, each for `timeout_s` seconds.
    pub fn new(sessions_max: u32, timeout_s: u32, clock: Arc<dyn TimeProvider>) -> Self {
        let sessions_max = match sessions_max {
            0 => SESSIONS_MAX,
            sessions_max => (sessions_max as usize).min(SESSIONS_MAX),
        };
        Self { sessions_max, timeout_s: timeout_s.into(), clock, stored: Mutex::default() }
    }

    fn now_s(&self) -> u64 {
        self.clock.current_time().map_or(0, |time| time.as_secs())
    }

    fn is_alive(&self, stored_s: u64) -> bool {
        self.now_s().saturating_sub(stored_s) < self.timeout_s
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, id: Vec<u8>, secret: Vec<u8>) -> bool {
        let now_s = self.now_s();
        let mut stored = self.stored.lock();
        stored.in_order.push_back((now_s, id.clone()));
        stored.by_id.insert(id, Session { stored_s: now_s, secret });
        while let Some((stored_s, _)) = stored.in_order.front() {
            if stored.in_order.len() <= self.sessions_max && self.is_alive(*stored_s) {
                break;
            }
            if let Some((_, id)) = stored.in_order.pop_front() {
                stored.by_id.remove(&id);
            }
        }
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let stored = self.stored.lock();
        let session = stored.by_id.get(id).filter(|session| self.is_alive(session.stored_s));
        session.map(|session| session.secret.clone())
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        let session = self.stored.lock().by_id.remove(id).filter(|session| self.is_alive(session.stored_s));
        session.map(|session| session.secret)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use rustls::pki_types::UnixTime;

    use super::*;

    #[derive(Debug, Default)]
    struct Clock(AtomicU64);

    impl TimeProvider for Clock {
        fn current_time(&self) -> Option<UnixTime> {
            Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
        }
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let sessions = Sessions::new(2, 300, Arc::new(Clock::default()));
        for id in 1..=3 {
            assert!(sessions.put(vec![id], vec![id, id]));
        }
        assert_eq!(sessions.get(&[1]), None);
        assert_eq!(sessions.get(&[2]), Some(vec![2, 2]));
        assert_eq!(sessions.take(&[3]), Some(vec![3, 3]));
        assert_eq!(sessions.take(&[3]), None);
    }

    #[test]
    fn none_is_older_than_the_timeout() {
        let clock = Arc::new(Clock::default());
        let sessions = Sessions::new(0, 10, Arc::clone(&clock) as Arc<dyn TimeProvider>);
        sessions.put(vec![1], vec![1]);
        clock.0.store(9, Ordering::Relaxed);
        assert_eq!(sessions.get(&[1]), Some(vec![1]));
        clock.0.store(10, Ordering::Relaxed);
        assert_eq!(sessions.get(&[1]), None);
        sessions.put(vec![2], vec![2]);
        assert_eq!(sessions.stored.lock().by_id.len(), 1, "what is too old takes no memory");
        assert_eq!(sessions.stored.lock().in_order.len(), 1);
    }
}
