//! RESP2 and RESP3, parsed and encoded; knows no socket.
//!
//! Bytes go in, arguments come out; replies go in, bytes come out. Nothing here reads, writes, waits or keeps
//! a clock, so that every behaviour of the protocol can be tested with a byte string.
//!
//! - [`request`]: what a server reads. A resumable parser that copies nothing: arguments are ranges of the
//!   caller's own input.
//! - [`reply`]: what a server writes, in the version of the protocol that the client asked for.
//! - [`value`]: the other side, for clients: replies decoded, commands encoded.
//!
//! The format is described at <https://redis.io/docs/latest/develop/reference/protocol-spec/>; error texts,
//! limits and the corners that page leaves open (inline quoting, terminators that are skipped unread) are
//! those of Redis 7.2.

mod arguments;
pub mod display;
mod error;
mod inline;
mod limits;
pub mod reply;
pub mod request;
pub mod value;

pub use arguments::{Arguments, ArgumentsBuffer, ArgumentsIter, OwnedArguments};
pub use error::ProtocolError;
pub use limits::{RequestLimits, UNAUTHENTICATED_ARGUMENTS_MAX, UNAUTHENTICATED_BULK_BYTES_MAX};
pub use reply::{Mark, Reply, Version};
pub use request::RequestParser;
pub use value::{DecodeError, Decoder, Double, Value, decode, encode_command};
