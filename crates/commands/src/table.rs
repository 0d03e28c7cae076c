//! The families, together.

use crate::Command;
use crate::{bitmaps, databases, generic, strings};

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [bitmaps::FAMILY, databases::FAMILY, generic::FAMILY, strings::FAMILY].into_iter().flatten()
use crate::{bitmaps, hyperloglogs, strings};

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [
        bitmaps::FAMILY, //
        hyperloglogs::FAMILY,
        strings::FAMILY,
    ]
    .into_iter()
    .flatten()
use crate::geo;
use crate::hashes;
use crate::lists;
use crate::sets;
use crate::strings;

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [strings::FAMILY, hashes::FAMILY, geo::FAMILY].into_iter().flatten()
    [lists::FAMILY, sets::FAMILY, strings::FAMILY].into_iter().flatten()
}
