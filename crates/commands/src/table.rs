//! The families, together.

use crate::Command;
use crate::lists;
use crate::sets;
use crate::strings;

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [lists::FAMILY, sets::FAMILY, strings::FAMILY].into_iter().flatten()
}
