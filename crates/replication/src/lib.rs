//! Replication as Redis speaks it, without its sockets.
//!
//! - [`History`]: which stream of changes a server has, under which names, and whether one that has followed it up to an
//!   offset may go on from there.
//! - [`Link`]: the replica's end of the connection to its primary. Bytes go in; what they mean, and what is to be
//!   answered, comes out.
//! - [`Backlog`]: the last bytes of the stream, from which all replicas read.
//! - [`Greeting`]: what a replica tells of itself (`REPLCONF`), and [`Answer`], what its primary makes of its `PSYNC`.
//!
//! Offsets count the bytes of the stream from its beginning, so that the first one has the number 1; an offset says how
//! many bytes one has. The protocol is described, as far as it is, at
//! <https://redis.io/docs/latest/operate/oss_and_stack/management/replication/>; the rest is how Redis 7.2 behaves.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backlog;
mod greeting;
mod history;
mod link;

pub use backlog::Backlog;
pub use greeting::{Answer, Greeting, GreetingError, Reason, answer};
pub use history::{History, ReplicationId};
pub use link::{Credentials, Event, Introduction, Link, LinkError, Position, acknowledgement};
