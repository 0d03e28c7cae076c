//! One numbered database on disk.

use std::sync::Arc;

use keyspace::engine::{Batch, Counts, Emptied, Engine, ShardBox};
use keyspace::fault::Fault;
use smallbox::smallbox;

use crate::format::{self, Tag};
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
    /// The database in `space`, with what is stored there.
    pub fn open(disk: Arc<Disk>, space: Arc<Space>) -> fjall::Result<DiskDatabase> {
        let mut stored = Vec::new();
        let Some(tree) = space.tree() else { return Ok(DiskDatabase { disk, space, stored }) };
        for slot in 0..base::slot::SLOTS as u16 {
            if let Some(value) = tree.get(format::prefix(slot, Tag::Counts))?
                && let Some((keys, deadlines)) = format::read_counts(&value)
                && keys > 0
            {
                stored.push((slot, Counts { keys, deadlines }));
            }
        }
        Ok(DiskDatabase { disk, space, stored })
    }
}

impl DiskDatabase {
    /// What stands for a database while its store is away.
    pub fn away(disk: Arc<Disk>, space: Arc<Space>, known: Vec<(u16, Counts)>) -> DiskDatabase {
        DiskDatabase { disk, space, stored: known }
    }
}

impl Engine for DiskDatabase {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn is_stored(&self) -> bool {
        true
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
        Ok(Emptied::By(Arc::new(DiskDatabase { disk: Arc::clone(&self.disk), space, stored: Vec::new() })))
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

    fn compact(&self) -> Result<bool, Fault> {
        let Some(tree) = self.space.tree() else { return Ok(true) };
        tree.rotate_memtable_and_wait().and_then(|()| tree.major_compact()).map_err(|error| fault(&error))?;
        Ok(true)
    }
}
