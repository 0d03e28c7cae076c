//! `maxmemory`: keys go to make room for what commands are about to need, or such commands are refused.
//!
//! Before a command runs, its worker looks how much memory is used ([`Server::make_room`]), and while that is more than
//! allowed it evicts keys, which is what [`keyspace::Evictor`] chooses, for no longer than `maxmemory-eviction-tenacity`
//! says; a task of its own goes on from there. Far from the limit a worker need not look: it knows how much it may still
//! take on its own. Nothing of it happens where `maxmemory` is 0.
//!
//! Databases on disk lose no key for it: what they have in memory is a cache, which becomes smaller first, whatever the
//! policy, and larger again when there is room. Nor is a command refused that works on one of them.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base::random::Random;
use commands::Flag;
use config::Settings;
use config::table::memory::MaxmemoryPolicy;
use keyspace::{Choice, Context, DatabaseKey, Eviction, EvictionPolicy, Evictor};
use sync::Mutex;
use tokio::sync::Notify;

use crate::attention::Concern;
use crate::clock::unix_ms;
use crate::server::Server;
use crate::session::Session;
use crate::statistics;
use crate::table::Entry;

/// After so many keys it is looked whether time is up.
const KEYS_PER_LOOK: usize = 16;

/// How long the task that goes on with what was left evicts at a time, and how long it lets others go first then.
const SLICE: Duration = Duration::from_micros(500);
const BREAK: Duration = Duration::from_millis(1);

/// For as long as memory has been exceeded only so long, what is about to be freed in any case is waited for.
const FREEING_MS_MAX: u64 = 100;

/// How memory stands when a command is about to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// No more is used than allowed.
    Enough,
    /// More is used, but it is being freed.
    Coming,
    /// More is used, and nothing may go.
    None,
}

/// What is evicted, and what is known of it.
pub(crate) struct Evictions {
    /// `maxmemory`; 0 is no limit.
    bytes_max: AtomicU64,
    /// Counts up when all have to look again: several times a second, and when the limit changes.
    occasion: AtomicU64,
    /// By worker; the last one is for all threads that are no workers.
    evictors: Vec<Mutex<(Evictor, Random)>>,
    /// Wakes the task that goes on.
    more: Notify,
    /// Since when more is used than allowed, in Unix milliseconds; 0 while that is not so.
    exceeded_since_ms: AtomicU64,
    exceeded_ms: AtomicU64,
    /// The slot whose cache is made smaller next.
    next_slot: AtomicU16,
}

thread_local! {
    /// Up to which balance of its own this thread need not look, and when this was reckoned.
    static ALLOWANCE: Cell<(i64, u64)> = const { Cell::new((i64::MIN, 0)) };
}

impl Evictions {
    pub fn new(settings: &Settings) -> Evictions {
        let evictor = || Mutex::new((Evictor::default(), Random::from_system()));
        Evictions {
            bytes_max: AtomicU64::new(settings.memory.maxmemory_bytes),
            occasion: AtomicU64::new(1),
            evictors: (0..=settings.process.io_threads).map(|_| evictor()).collect(),
            more: Notify::new(),
            exceeded_since_ms: AtomicU64::new(0),
            exceeded_ms: AtomicU64::new(0),
            next_slot: AtomicU16::new(0),
        }
    }

    /// For how long more was used than allowed, and for how long it has been now, in milliseconds.
    pub fn exceeded_ms(&self) -> (u64, u64) {
        let current_ms = match self.exceeded_since_ms.load(Ordering::Relaxed) {
            0 => 0,
            since_ms => unix_ms().saturating_sub(since_ms),
        };
        (self.exceeded_ms.load(Ordering::Relaxed) + current_ms, current_ms)
    }

    /// Forgets for how long.
    pub fn reset(&self) {
        self.exceeded_ms.store(0, Ordering::Relaxed);
        self.exceeded_since_ms.store(0, Ordering::Relaxed);
    }

    fn note(&self, room: Room) {
        let since_ms = self.exceeded_since_ms.load(Ordering::Relaxed);
        if (room == Room::Enough) != (since_ms == 0) {
            self.note_change(room, since_ms);
        }
    }

    #[cold]
    fn note_change(&self, room: Room, since_ms: u64) {
        let now_ms = unix_ms();
        let next = if room == Room::Enough { 0 } else { now_ms };
        let exchanged =
            self.exceeded_since_ms.compare_exchange(since_ms, next, Ordering::Relaxed, Ordering::Relaxed);
        if room == Room::Enough && exchanged.is_ok() {
            self.exceeded_ms.fetch_add(now_ms.saturating_sub(since_ms), Ordering::Relaxed);
        }
    }
}

/// What a client reads whose command is refused.
pub(crate) const OUT_OF_MEMORY: &str = "OOM command not allowed when used memory > 'maxmemory'.";

/// Whether what needs memory is to be refused, after an attempt to make room.
pub(crate) fn is_short_of_memory(session: &Session) -> bool {
    let server = &session.server;
    server.attention.now().has(Concern::Memory)
        && server.make_room() == Room::None
        && !server.keyspace.engine(session.database).is_stored()
}

/// Refuses a command that needs memory where there is none, after an attempt to make room.
#[inline(never)]
pub(crate) fn admit(session: &Session, entry: &Entry) -> Result<(), String> {
    let server = &session.server;
    if server.make_room() == Room::None
        && session.runs(entry).any(|entry| entry.command.has(Flag::DenyOom))
        && !server.keyspace.engine(session.database).is_stored()
    {
        return Err(OUT_OF_MEMORY.to_owned());
    }
    Ok(())
}

/// How keys are chosen; `None` where none may go.
fn policy(settings: &Settings) -> Option<EvictionPolicy> {
    use MaxmemoryPolicy as Policy;
    let memory = &settings.memory;
    let choice = match memory.maxmemory_policy {
        Policy::NoEviction => return None,
        Policy::VolatileLru | Policy::AllkeysLru => Choice::LeastRecentlyUsed,
        Policy::VolatileLfu | Policy::AllkeysLfu => {
            Choice::LeastFrequentlyUsed(crate::server::counting(settings)?)
        }
        Policy::VolatileRandom | Policy::AllkeysRandom => Choice::Random,
        Policy::VolatileTtl => Choice::SoonestDeadline,
    };
    let only_expiring =
        !matches!(memory.maxmemory_policy, Policy::AllkeysLru | Policy::AllkeysLfu | Policy::AllkeysRandom);
    Some(EvictionPolicy {
        choice,
        only_expiring,
        samples: memory.maxmemory_samples as usize,
        is_lazy: memory.lazyfree_lazy_eviction,
    })
}

/// How long a command may be held up: in steps of 50 microseconds up to a tenacity of 10, then by 15% more for each
/// step, and without end at 100. As Redis reckons (`evict.c`).
fn time_limit(tenacity: u32) -> Duration {
    match tenacity {
        0..=10 => Duration::from_micros(50 * u64::from(tenacity)),
        11..100 => Duration::from_secs_f64(500e-6 * 1.15_f64.powi(tenacity as i32 - 10)),
        _ => Duration::MAX,
    }
}

impl Server {
    /// Takes over the limit on memory, if it has changed.
    pub(crate) fn limit_memory(&self, settings: &Settings) {
        let bytes_max = settings.memory.maxmemory_bytes;
        self.attention.set(Concern::Memory, bytes_max > 0);
        if self.evictions.bytes_max.swap(bytes_max, Ordering::Relaxed) == bytes_max || bytes_max == 0 {
            return;
        }
        self.look_again();
        let used_bytes = self.counted_bytes();
        if used_bytes > bytes_max {
            tracing::warn!(
                maxmemory = bytes_max,
                used = used_bytes,
                "More memory is used than maxmemory allows from now on: keys are evicted, or commands refused, as \
                 maxmemory-policy says"
            );
            self.evictions.more.notify_one();
        }
    }

    /// Has the calling thread's part in the use of memory known, where somebody wants to know. If it has taken more than
    /// it might on its own, all have to look.
    #[inline]
    pub(crate) fn tell_memory(&self) {
        if !self.attention.now().has(Concern::Memory) {
            return;
        }
        let balance = (self.allocator.tell)();
        let (balance_max, reckoned_at) = ALLOWANCE.get();
        if balance > balance_max && reckoned_at == self.evictions.occasion.load(Ordering::Relaxed) {
            self.look_again();
        }
    }

    /// Bytes of memory that count against `maxmemory`.
    fn counted_bytes(&self) -> u64 {
        (self.allocator.used_bytes)().saturating_sub(self.uncounted_bytes())
    }

    /// Bytes of memory that do not: what a store holds within limits of its own, and what is kept for replicas that lag, or
    /// a slow one would cost keys.
    pub(crate) fn uncounted_bytes(&self) -> u64 {
        let of_store = self.keyspace.store().map_or(0, |store| store.memory().own_bytes);
        of_store + self.replication.feed.lagging_bytes()
    }

    /// Lets the cache of what is stored have what `maxmemory` leaves.
    pub(crate) fn fit_cache(&self) {
        let Some(store) = self.keyspace.store() else { return };
        let bytes_max = self.evictions.bytes_max.load(Ordering::Relaxed);
        if bytes_max == 0 {
            return store.limit_cache(u64::MAX);
        }
        let others_bytes = self.counted_bytes().saturating_sub(store.memory().cached_bytes);
        store.limit_cache(bytes_max.saturating_sub(others_bytes));
    }

    /// Makes the cache of what is stored smaller, and says whether that may have helped.
    fn shrink_cache(&self) -> bool {
        /// A few hundred microseconds at most.
        const SLOTS_PER_CALL: u16 = 32;
        self.fit_cache();
        let cached_bytes = self.keyspace.store().map_or(0, |store| store.memory().cached_bytes);
        if cached_bytes > 0 {
            let from = self.evictions.next_slot.load(Ordering::Relaxed);
            let next = self.keyspace.shrink_caches(from, SLOTS_PER_CALL, unix_ms());
            self.evictions.next_slot.store(next, Ordering::Relaxed);
        }
        cached_bytes > 0
    }

    /// Has every thread look how much memory is used before its next command.
    pub(crate) fn look_again(&self) {
        self.evictions.occasion.fetch_add(1, Ordering::Relaxed);
    }

    /// Has no more memory used than allowed, as far as that can be done in a short time.
    pub(crate) fn make_room(&self) -> Room {
        let bytes_max = self.evictions.bytes_max.load(Ordering::Relaxed);
        let balance = (self.allocator.tell)();
        let occasion = self.evictions.occasion.load(Ordering::Relaxed);
        let (balance_max, reckoned_at) = ALLOWANCE.get();
        if bytes_max == 0 || balance < balance_max && reckoned_at == occasion {
            return Room::Enough;
        }
        let used_bytes = self.counted_bytes();
        if used_bytes <= bytes_max {
            // Should all take what they may, half of what is free is left.
            let share = (bytes_max - used_bytes) / (2 * self.evictions.evictors.len() as u64);
            ALLOWANCE.set((balance.saturating_add_unsigned(share), occasion));
            self.evictions.note(Room::Enough);
            return Room::Enough;
        }
        let settings = self.settings();
        self.evict(&settings, time_limit(settings.memory.maxmemory_eviction_tenacity))
    }

    /// Evicts until no more memory is used than allowed, or until the time is up.
    #[cold]
    fn evict(&self, settings: &Settings, limit: Duration) -> Room {
        if self.is_paused() || self.leaves_eviction_to_primary() {
            return Room::Enough;
        }
        let began = Instant::now();
        let mut ready = Vec::new();
        let is_being_freed = (self.lets_clients_go() || self.keyspace.pending_frees() > 0)
            && self.evictions.exceeded_ms().1 < FREEING_MS_MAX;
        let room = match policy(settings) {
            _ if is_being_freed || self.shrink_cache() => Room::Coming,
            Some(policy) => self.evict_by(&policy, began, limit, &mut ready),
            None => Room::None,
        };
        self.evictions.note(room);
        if room == Room::Coming {
            self.evictions.more.notify_one();
        }
        self.note_cycle("eviction-cycle", began.elapsed());
        self.serve_waiting(ready, unix_ms());
        room
    }

    fn evict_by(
        &self,
        policy: &EvictionPolicy,
        began: Instant,
        limit: Duration,
        ready: &mut Vec<DatabaseKey>,
    ) -> Room {
        let evictors = &self.evictions.evictors;
        let mut evictor = evictors[statistics::worker().min(evictors.len() - 1)].lock();
        let (evictor, random) = &mut *evictor;
        let context = self.context_of_its_own();
        // What it takes to tell others is not held against the keys, or telling of one would cost the next one its place.
        let bytes_max = self.evictions.bytes_max.load(Ordering::Relaxed);
        let mut bytes_to_free =
            i64::try_from(self.counted_bytes().saturating_sub(bytes_max)).unwrap_or(i64::MAX);
        for evicted in 1.. {
            if self.keyspace.pending_evictions() > 0 {
                // As much as was to go may be on its way.
                return Room::Coming;
            }
            let before = (self.allocator.tell)();
            match self.keyspace.evict(evictor, policy, Context { seed: random.next_u64(), ..context }) {
                Eviction::Done(tally) => {
                    bytes_to_free -= before - (self.allocator.tell)();
                    ready.extend(self.take_in(tally, None));
                }
                Eviction::Busy => return Room::Coming,
                Eviction::Nothing if self.keyspace.pending_frees() > 0 => return Room::Coming,
                Eviction::Nothing => return Room::None,
            }
            if bytes_to_free <= 0 || self.counted_bytes() <= bytes_max {
                break;
            }
            if evicted % KEYS_PER_LOOK == 0 && began.elapsed() >= limit {
                return Room::Coming;
            }
        }
        Room::Enough
    }
}

/// Goes on evicting where commands have left off, taking at most a third of a worker's time.
pub(crate) async fn go_on(server: Arc<Server>) {
    loop {
        server.evictions.more.notified().await;
        while server.evict_slice() == Room::Coming {
            tokio::time::sleep(BREAK).await;
        }
    }
}

impl Server {
    fn evict_slice(&self) -> Room {
        let bytes_max = self.evictions.bytes_max.load(Ordering::Relaxed);
        if bytes_max == 0 || self.counted_bytes() <= bytes_max {
            self.evictions.note(Room::Enough);
            return Room::Enough;
        }
        self.evict(&self.settings(), SLICE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenacity_becomes_a_limit_of_time() {
        let limits = [0, 1, 10, 11, 100].map(time_limit);
        let expected = [0, 50, 500, 575].map(Duration::from_micros);
        assert_eq!(limits[..4], expected);
        assert_eq!(limits[4], Duration::MAX);
        // Redis says: about two minutes at 99.
        assert!((100..130).contains(&time_limit(99).as_secs()), "{:?}", time_limit(99));
    }
}
