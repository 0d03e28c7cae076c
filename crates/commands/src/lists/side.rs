//! The ends of a list, as they are written.

use values::list::End;

use crate::prelude::*;

/// LEFT, the front, or RIGHT, the back.
#[derive(Args, Clone, Copy)]
pub enum Side {
    #[arg(token = "LEFT", name = "left")]
    Left,
    #[arg(token = "RIGHT", name = "right")]
    Right,
}

impl From<Side> for End {
    fn from(side: Side) -> End {
        match side {
            Side::Left => End::Front,
            Side::Right => End::Back,
        }
    }
}
