//! What is left when things go wrong below a server on disk: it is killed, the disk is full or fails, the files are
//! damaged.

mod directories;
mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod kills;
mod ledger;
mod limited_files;
