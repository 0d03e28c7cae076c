//! The number of a database, as an argument.

use crate::prelude::*;

/// The database called `index`, if there is one.
pub fn database(view: &ReadView<'_>, index: i32) -> Result<u16> {
    match u16::try_from(index) {
        Ok(database) if database < view.databases() => Ok(database),
        _ => Err(Error::fixed("ERR DB index is out of range")),
    }
}

/// What is to be moved or copied must not be its own destination.
pub const SAME_OBJECT: Error = Error::fixed("ERR source and destination objects are the same");
