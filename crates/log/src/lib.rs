//! Effects as bytes: the stream of what was done, and the append-only file that it is written to.
//!
//! [`Stream`] takes what transactions did ([`keyspace::Effects`]) and makes of it the requests that a copy runs, in one
//! order, each byte of which has an offset. [`AppendOnly`] writes the stream to Redis 7's multi-part append-only file
//! and says when it is on disk. [`Records`] reads such files, [`check`] finds out what is wrong with them and mends what
//! can be mended.
//!
//! It knows no socket, no command and no clock.

mod append_only;
pub mod check;
pub mod commands;
pub mod encoding;
mod manifest;
mod output;
mod records;
mod stream;

pub use append_only::{AppendOnly, Figures, Fsync, Opened, Options, Rewrite};
pub use manifest::{BadManifest, Manifest, Part, PartKind};
pub use records::{Damage, Record, Records};
pub use stream::Stream;
