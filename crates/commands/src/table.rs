//! The families, together.

use crate::Command;
use crate::{
    bitmaps, databases, generic, geo, hashes, hyperloglogs, lists, sets, sorted_sets, streams, strings,
};

/// Every command that works on the keyspace.
pub fn data_commands() -> impl Iterator<Item = &'static Command> {
    [
        bitmaps::FAMILY,
        databases::FAMILY,
        generic::FAMILY,
        geo::FAMILY,
        hashes::FAMILY,
        hyperloglogs::FAMILY,
        lists::FAMILY,
        sets::FAMILY,
        sorted_sets::FAMILY,
        streams::FAMILY,
        strings::FAMILY,
    ]
    .into_iter()
    .flatten()
}
