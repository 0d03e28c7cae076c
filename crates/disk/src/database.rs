//! One numbered database on disk.

use std::sync::Arc;

use keyspace::engine::{Batch, Compaction, Counts, Emptied, Engine, ShardBox};
use keyspace::fault::Fault;
use smallbox::smallbox;

use crate::freeze::Moment;
use crate::shard::DiskShard;
use crate::space::Space;
use crate::store::{Disk, SYSTEM, database_key, fault};

/// A database with the space that holds its records.
pub struct DiskDatabase {
    disk: Arc<Disk>,
    space: Arc<Space>,
    /// What was stored of each slot when the database was opened: the slots that had keys, in ascending order.
    stored: Vec<(u16, Counts)>,
}

impl DiskDatabase {
    /// The database in `space`, where so many keys are stored in each slot that has any, in ascending order.
    pub fn new(disk: Arc<Disk>, space: Arc<Space>, stored: Vec<(u16, Counts)>) -> DiskDatabase {
        DiskDatabase { disk, space, stored }
    }
}

impl Engine for DiskDatabase {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn is_stored(&self) -> bool {
        true
    }

    fn freeze(&self) -> Result<Option<Arc<dyn Engine>>, Fault> {
        let moment = Moment::now(&self.disk).map_err(|error| fault(&error))?;
        let space = Arc::new(self.space.at(moment));
        // The shards are only scanned, which needs no counts.
        Ok(Some(Arc::new(DiskDatabase::new(Arc::clone(&self.disk), space, Vec::new()))))
    }

    fn shard(&self, slot: u16) -> ShardBox {
        let found = self.stored.binary_search_by_key(&slot, |(slot, _)| *slot);
        let counts = found.map_or_else(|_| Counts::default(), |index| self.stored[index].1);
        smallbox!(DiskShard::new(Arc::clone(&self.space), slot, counts))
    }

    fn occupied_slots(&self) -> Vec<u16> {
        self.stored.iter().map(|(slot, _)| *slot).collect()
    }

    fn emptied(&self) -> Result<Emptied, Fault> {
        let space = self.disk.new_space().map_err(|error| fault(&error))?;
        Ok(Emptied::By(Arc::new(DiskDatabase::new(Arc::clone(&self.disk), space, Vec::new()))))
    }

    fn assign(&self, database: u16, batch: &mut Batch) {
        batch.put(
            SYSTEM,
            |out| out.extend_from_slice(&database_key(database)),
            |out| out.extend_from_slice(&self.space.id.to_le_bytes()),
        );
    }

    fn retire(&self) {
        self.disk.retire(Arc::clone(&self.space));
    }

    fn disk_bytes(&self) -> Option<u64> {
        Some(self.space.tree().map_or(0, fjall::Keyspace::disk_space))
    }

    fn compact(&self, database: u16) -> Result<Compaction, Fault> {
        let asked = self.disk.compactions().ask(&self.disk, database, Arc::clone(&self.space));
        let has_begun = asked.map_err(|error| Fault::new(format!("ERR compaction cannot begin: {error}")))?;
        Ok(if has_begun { Compaction::Begun } else { Compaction::Runs })
    }
}
