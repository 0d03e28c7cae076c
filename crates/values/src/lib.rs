//! The forms of every type: string, hash, list, set, sorted set, stream.
//!
//! A collection is *packed* (one run of bytes, searched from the front) while it is small and *indexed* (a
//! [`table::Table`], a tree, a chain of chunks) when it is large. It is [*stored*](stored) where an engine keeps
//! its elements elsewhere, in an ordered map of bytes. This room knows no key names, no locks, no
//! expiry policy and no protocol: it promises that a form holds what was put into it, in the memory that its
//! documentation names.

pub mod access;
pub mod buffer;
mod either;
pub mod elements;
pub mod entry;
pub mod hash;
pub mod hyperloglog;
mod leb128;
pub mod limits;
pub mod list;
#[cfg(test)]
mod model;
pub mod packed;
pub mod set;
pub mod stored;
pub mod stream;
pub mod string;
pub mod table;
#[cfg(test)]
mod testing;
pub mod text;
pub mod thin;
pub mod varint;
pub mod zset;
