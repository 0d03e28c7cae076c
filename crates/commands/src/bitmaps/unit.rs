//! What the ends of a range count.

use crate::prelude::*;

/// What the ends of a range count.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    #[arg(token = "BYTE")]
    Byte,
    /// Bits.
    #[arg(token = "BIT")]
    Bit,
}

impl Unit {
    /// How many bits one is.
    pub fn bits(self) -> usize {
        match self {
            Unit::Byte => 8,
            Unit::Bit => 1,
        }
    }
}
