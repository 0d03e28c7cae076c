//! What is stored as it was at some moment, while it goes on changing.
//!
//! The LSM tree keeps the versions of records that a snapshot of it can see. What else gives room back is held up while there
//! is one: compaction does not leave out the elements of collections that lost their keys since, spaces that serve no
//! database any more are not deleted, and the store is not opened anew.

use std::sync::Arc;

use crate::store::Disk;

/// A moment that is kept.
pub struct Moment {
    pub snapshot: fjall::Snapshot,
    _hold: Hold,
}

/// Holds up what would take away what a moment shows.
struct Hold(Arc<Disk>);

impl Moment {
    /// This moment. All slots are held, so that it is the same for all databases.
    pub fn now(disk: &Arc<Disk>) -> fjall::Result<Moment> {
        let hold = Hold(Arc::clone(disk));
        disk.graves_held().hold();
        let snapshot = disk.with_lsm(|lsm| Ok(lsm.database.snapshot()))?;
        Ok(Moment { snapshot, _hold: hold })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.graves_held().release();
        self.0.graves_may_rise();
    }
}
