//! What every request looks at before it runs, in one word: nearly always there is nothing.

use std::sync::atomic::{AtomicU32, Ordering};

/// A reason to look closer; each is one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Concern {
    /// Somebody watches the commands.
    Monitor = 1,
    /// Clients may have to wait.
    Pause = 1 << 1,
    /// Somebody caches what it reads.
    Tracking = 1 << 2,
    /// Not everybody may do everything. It stays once it was so: who was deleted may still have requests under way.
    Users = 1 << 3,
    /// Memory is limited.
    Memory = 1 << 4,
    /// What clients take is limited.
    ClientsMemory = 1 << 5,
    /// A script runs for longer than others should wait for it.
    Busy = 1 << 6,
    /// Writes may be the primary's to make, or need replicas.
    Replication = 1 << 7,
    /// What was saved is being loaded.
    Loading = 1 << 8,
    /// What changes cannot be written.
    Unwritten = 1 << 9,
    /// What changes could not be saved.
    CannotSave = 1 << 10,
}

/// The concerns that there are.
#[derive(Default)]
pub struct Attention(AtomicU32);

impl Attention {
    /// What there is now.
    #[inline]
    pub fn now(&self) -> Concerns {
        Concerns(self.0.load(Ordering::Relaxed))
    }

    /// Raises the concern, or lets it go.
    pub fn set(&self, concern: Concern, holds: bool) {
        if holds {
            self.0.fetch_or(concern as u32, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!(concern as u32), Ordering::Relaxed);
        }
    }
}

/// The concerns that there were at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Concerns(u32);

impl Concerns {
    /// Whether this is one of them.
    #[inline]
    pub fn has(self, concern: Concern) -> bool {
        self.0 & concern as u32 != 0
    }
}
