//! The engine that serves a database from disk: an LSM tree of records, with a cache of entries in front.
//!
//! It promises that a transaction is stored as a whole or not at all, that what was acknowledged survives the end of
//! the process, that removing or renaming a collection of any size takes the same time, and that the memory it takes
//! does not depend on how much there is. When the disk fails it refuses changes and acknowledges none, and goes on by
//! itself when the disk works again. It does not open what has lost something since it was closed.
//!
//! A small value lies in one record; a large collection has a record that describes it and one more for each element.
//! Commands do not know: they get the same [`values::entry::Entry`] as from memory. What the records are is in
//! [`format`], how they come about in [`shard`].

mod batches;
mod cache;
mod compaction;
mod damage;
mod database;
mod elements;
mod figures;
mod files;
pub mod format;
mod freeze;
mod graves;
mod handoff;
mod ids;
mod journal;
mod lsm;
mod open;
mod shard;
mod space;
mod stop;
mod store;
mod stream;
mod syncer;
mod words;

pub use handoff::HandOver;
pub use lsm::tree_options;
pub use open::OpenError;
pub use store::{Disk, Opened, Options};
