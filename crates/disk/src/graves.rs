//! Collections that lost their key, and whose elements compaction drops.
//!
//! Removing a collection of any size writes one record, its grave. Compaction asks here for every element that it
//! comes by, and leaves out those of the dead. Only what is on disk for certain counts as dead: had compaction dropped
//! elements before the removal is safe, a crash would bring the key back without them. When no element is left the
//! grave is removed too.

use std::collections::HashSet;
use std::sync::{Arc, RwLock};

use fjall::{CompressionType, Keyspace};
use lsm_tree::compaction::filter::{CompactionFilter, Context, Factory, ItemAccessor, Verdict};
