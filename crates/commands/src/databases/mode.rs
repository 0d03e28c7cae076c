//! How to flush.

use crate::prelude::*;

/// Whether the caller waits until the memory is back. Here it never does: taking everything out is quick, and
/// freeing it is done elsewhere.
#[derive(Args, Clone, Copy)]
pub enum Mode {
    /// It need not.
    #[arg(token = "ASYNC")]
    Async,
    /// It would.
    #[arg(token = "SYNC")]
    Sync,
}
