//! Files: `dump.rdb`, and what a primary sends to a replica.
//!
//! ```text
//!  "REDIS" version in four digits
//!  250 name value                             of the program that wrote it
//!  245 text                                   a function library
//!  254 database                               of the keys that follow
//!  251 keys, keys with a deadline
//!  [252 deadline] [248 idle | 249 frequency]  of the key that follows
//!  type key value
//!  255 checksum
//! ```

pub(crate) mod opcode;
mod reader;
mod record;
mod skip;
mod source;
mod writer;

pub use reader::{Error, Item, Key, Reader};
pub use record::{Usage, encode_key};
pub use writer::Writer;
