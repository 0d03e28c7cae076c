//! Commands of a cluster's nodes. This server is none, and says so.

crate::commands::session_family! {
    readonly,
    readwrite,
}

use commands::{Error, Result};

/// What every command of the family answers.
fn refuse() -> Result<()> {
    Err(Error::fixed("ERR This instance has cluster support disabled"))
}
