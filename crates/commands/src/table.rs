//! The families, together.

use crate::Command;
use crate::geo;
use crate::hashes;
use crate::strings;

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [strings::FAMILY, hashes::FAMILY, geo::FAMILY].into_iter().flatten()
}
