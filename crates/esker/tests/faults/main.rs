//! What is left when things go wrong below a server: it is killed, the disk is full or fails, the files are damaged.
//!
//! `ESKER_TEST_ROUNDS` says how often it goes wrong at random moments, `ESKER_TEST_SEED` where chance begins.

mod directories;
mod failing_syncs;
mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod keeping;
mod kills;
mod ledger;
mod limited_files;
mod sequence;
mod snapshots;

use harness::Rng;

/// How often it goes wrong, if that was not said.
fn rounds(otherwise: u64) -> u64 {
    ledger::number_from_environment("ESKER_TEST_ROUNDS").unwrap_or(otherwise)
}

/// Chance, which begins where it was told to, or says where it does.
fn chance() -> Rng {
    let seed = ledger::number_from_environment("ESKER_TEST_SEED").unwrap_or_else(Rng::fresh_seed);
    println!("ESKER_TEST_SEED={seed}");
    Rng::new(seed)
}
