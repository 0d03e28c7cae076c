//! Numbers that are given once, ever.
//!
//! A stored number says up to where they may have been given. It is raised by many at a time, so a restart passes over
//! those that were not given and nothing is written for most.

use std::sync::atomic::{AtomicU64, Ordering};

use fjall::Keyspace;
use sync::Mutex;

const LEASE: u64 = 1 << 20;
const RECORD: &[u8] = b"next";

pub struct Ids {
    next: AtomicU64,
    leased_until: Mutex<u64>,
    /// Where it is stored; nowhere while the store is away.
    system: Option<Keyspace>,
}

impl Ids {
    /// Goes on where the numbers in `system` end.
    pub fn open(system: Keyspace) -> fjall::Result<Ids> {
        let stored = system.get(RECORD)?;
        let next = stored.and_then(|value| Some(u64::from_le_bytes(*value.first_chunk()?))).unwrap_or(1);
        let ids = Ids { next: AtomicU64::new(next), leased_until: Mutex::new(next), system: Some(system) };
        ids.lease(next)?;
        Ok(ids)
    }

    /// Those of a store that is away: there are none.
    pub fn away() -> Ids {
        Ids { next: AtomicU64::new(0), leased_until: Mutex::new(0), system: None }
    }

    /// Makes sure that `id` is below what is stored.
    fn lease(&self, id: u64) -> fjall::Result<()> {
        let mut until = self.leased_until.lock();
        if id >= *until {
            let raised = id + LEASE;
            let Some(system) = &self.system else { return Err(fjall::Error::Poisoned) };
            system.insert(RECORD, raised.to_le_bytes())?;
            *until = raised;
        }
        Ok(())
    }

    /// A new number.
    pub fn next(&self) -> fjall::Result<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if id.is_multiple_of(1024) {
            // Well before the end of what was leased.
            self.lease(id + LEASE / 2)?;
        }
        Ok(id)
    }
}
