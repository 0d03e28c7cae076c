//! What is left when things go wrong below a server on disk: it is killed, the disk is full or fails, the files are
//! damaged.

#[path = "../harness/mod.rs"]
mod harness;
mod kills;
mod ledger;
