//! Mutexes and read-write locks that measure waiting, by call site.
//!
//! [`Mutex`] and [`RwLock`] are `parking_lot`'s, with the same guards. A lock that is free is taken by the same
//! single compare-exchange; nothing is counted then. Only a thread that has to wait reads the clock, and adds what
//! it waited to the counters of the line that called. [`contention`] lists those lines, the worst first, and
//! [`totals`] sums them up; [`waited_since`] tells a thread what it has waited itself.
//!
//! This room knows nothing of what is locked: no slots, no keys. A lock is not poisoned when its holder panics.

mod lock;
mod sites;

pub use lock::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use sites::{Kind, SiteReport, Totals, contention, totals, waited_since};
