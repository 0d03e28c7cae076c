//! What every black-box test stands on: a server of its own, and a client that hides nothing.
//!
//! A test starts a [`Server`] with the directives it cares about, talks to it through
//! [`Client`]s and lets both fall out of scope: the server is ended by its process id, and its
//! directory goes with it. The server is Esker as Cargo has just built it, or the program named by
//! the environment variable `ESKER_TEST_SERVER`: pointed at a redis-server, the same tests show
//! that what they demand is what Redis does.
//!
//! The client is written here and not taken from the workspace's `resp` crate on purpose: a
//! mistake shared by the server and its judge would go unseen.

// Every test program compiles this module for itself and uses the part of it that it needs.
#![allow(dead_code, unused_imports)]

mod client;
mod program;
mod rng;
mod server;
mod value;

pub use client::{Client, encode, words};
pub use program::{find_program, run_to_end};
pub use rng::Rng;
pub use server::{Exit, Server, Spec, TemporaryDirectory, is_on_disk, pass_over, temporary_directory};
pub use value::Value;

use std::time::{Duration, Instant};

/// How long a test waits for what is sure to come, on a machine busy with other tests: it ends what hangs, and
/// measures nothing.
pub const SOON: Duration = Duration::from_secs(60);

/// Calls `condition` until it holds; panics with `what` when it does not [`SOON`].
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < end, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
