//! Identifiers, units, numbers, patterns and limits that every other room speaks in.
//!
//! Everything here is a pure function or a small self-contained structure: no sockets, no clock, no files, and
//! nothing of Esker's other rooms. Where a function mirrors Redis, it mirrors Redis 7.2, and its documentation
//! says where it does not.

pub mod counter;
pub mod events;
pub mod geo;
pub mod glob;
pub mod hash;
pub mod number;
pub mod prefetch;
pub mod random;
pub mod slot;
