//! How much memory is used, cheaply enough to ask before every command.
//!
//! jemalloc's own sum takes many microseconds. But it counts for each thread, at no extra cost, the bytes that the thread
//! has allocated and those that it has freed. A thread that asks first *tells* how its own balance has changed since the
//! last time, in a cell that only it writes; what all have told, added up, is the answer. Threads that never ask, as those
//! that compact files, tell nothing: what they have done is put right against jemalloc's sum whenever that is read
//! ([`gauge_against`]), several times a second.
#![allow(unsafe_code, reason = "the allocator's counters are read through the pointers that it hands out")]

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use base::counter::Sharded;
use sync::Mutex;
use tikv_jemalloc_ctl::raw;

/// What all threads have told.
static TOLD: Sharded = Sharded::new();

/// What is missing from that.
static UNTOLD: AtomicI64 = AtomicI64::new(0);

/// The threads that tell, as long as they live.
static TELLERS: Mutex<Vec<Arc<Teller>>> = Mutex::new(Vec::new());

thread_local! {
    static THIS_THREAD: Registered = Registered::new();
}

/// A thread that tells.
struct Teller {
    /// Bytes that it has allocated, ever, and bytes that it has freed: jemalloc's counters, in the thread's own memory.
    allocated: *const AtomicU64,
    freed: *const AtomicU64,
    /// The balance as it was last told.
    told: AtomicI64,
}

// SAFETY: the counters are only read, by atomic loads of aligned words, and a thread takes its teller out of the list,
// under the lock under which others read it, before its memory goes.
unsafe impl Send for Teller {}
// SAFETY: as above.
unsafe impl Sync for Teller {}

impl Teller {
    /// Bytes allocated and not freed, by this thread. The thread itself calls this, or whoever holds [`TELLERS`].
    fn balance(&self) -> i64 {
        // SAFETY: the thread lives, as the caller sees to, and with it its counters.
        let (allocated, freed) = unsafe { (&*self.allocated, &*self.freed) };
        // The difference is right when both have wrapped around.
        allocated.load(Ordering::Relaxed).wrapping_sub(freed.load(Ordering::Relaxed)) as i64
    }

    fn tell(&self) -> i64 {
        let balance = self.balance();
        let change = balance - self.told.load(Ordering::Relaxed);
        if change != 0 {
            TOLD.add(change);
            self.told.store(balance, Ordering::Relaxed);
        }
        balance
    }
}

/// The calling thread's place among those that tell; none where the allocator does not count.
struct Registered(Option<Arc<Teller>>);

impl Registered {
    fn new() -> Registered {
        let teller = counter(c"thread.allocatedp").zip(counter(c"thread.deallocatedp"));
        Registered(teller.map(|(allocated, freed)| {
            let teller = Arc::new(Teller { allocated, freed, told: AtomicI64::new(0) });
            let mut tellers = TELLERS.lock();
            // What it has done so far was not missing from the answer.
            teller.told.store(teller.balance(), Ordering::Relaxed);
            tellers.push(Arc::clone(&teller));
            teller
        }))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(teller) = &self.0 {
            // What it has told still holds; of what it has not, the counters may be gone already.
            TELLERS.lock().retain(|other| !Arc::ptr_eq(other, teller));
        }
    }
}

/// Where jemalloc counts for the calling thread.
fn counter(name: &CStr) -> Option<*const AtomicU64> {
    // SAFETY: the name ends in a zero byte, and what it names is a pointer to 64 bits.
    unsafe { raw::read::<*const AtomicU64>(name.to_bytes_with_nul()) }.ok()
}

/// Bytes in use.
pub fn used_bytes() -> u64 {
    tell();
    u64::try_from(UNTOLD.load(Ordering::Relaxed).wrapping_add(TOLD.sum())).unwrap_or(0)
}

/// Has the calling thread tell, and returns its balance: bytes that it has allocated and not freed, below zero where it
/// frees what others have allocated.
pub fn tell() -> i64 {
    // A thread that is ending no longer tells.
    THIS_THREAD.try_with(|this| this.0.as_ref().map_or(0, |teller| teller.tell())).unwrap_or(0)
}

/// Puts the answer right by what `measure` says is in use, which takes a while, and returns bytes in use, with what
/// threads have not told yet.
///
/// Nothing is done where it is about right already, and nothing while so much comes and goes that the two cannot be
/// compared: then the next time will do.
pub fn gauge_against(measure: impl FnOnce() -> u64) -> u64 {
    /// As much may come and go during the measurement.
    const INACCURACY_BYTES: i64 = 64 << 10;
    let tellers = TELLERS.lock();
    let known = || {
        let late = |teller: &Arc<Teller>| teller.balance() - teller.told.load(Ordering::Relaxed);
        TOLD.sum() + tellers.iter().map(late).sum::<i64>()
    };
    let before = known();
    let measured = i64::try_from(measure()).unwrap_or(i64::MAX);
    let after = known();
    let untold = UNTOLD.load(Ordering::Relaxed);
    if (before - after).abs() < INACCURACY_BYTES && (measured - after - untold).abs() > INACCURACY_BYTES {
        UNTOLD.store(measured - after, Ordering::Relaxed);
    }
    u64::try_from(UNTOLD.load(Ordering::Relaxed).wrapping_add(after)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_allocate_and_others_free_is_known() {
        const BYTES: i64 = 64 << 20;
        (super::super::JEMALLOC.figures)();
        let before = used_bytes() as i64;
        let is_about = |expected: i64| {
            let now = used_bytes() as i64 - before;
            assert!((now - expected).abs() < BYTES / 8, "{now} instead of {expected}");
        };
        let held: Vec<u8> = vec![1; BYTES as usize];
        is_about(BYTES);
        let more = std::thread::spawn(|| {
            used_bytes();
            let held: Vec<u8> = vec![1; BYTES as usize];
            used_bytes();
            held
        });
        let more = more.join().unwrap();
        is_about(2 * BYTES);
        // A thread that tells nothing.
        let untold = std::thread::spawn(|| vec![1u8; BYTES as usize]).join().unwrap();
        is_about(2 * BYTES);
        (super::super::JEMALLOC.figures)();
        is_about(3 * BYTES);
        drop((held, more, untold));
        is_about(0);
    }
}
