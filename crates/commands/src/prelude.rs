//! What nearly every command's file uses.

pub use command_macros::Args;
pub use keyspace::{Deadline, Key, ReadView, WriteTxn};
pub use resp::Reply;

pub use crate::args::{
    AtMost, CountedKeys, KeysButLast, Last, Later, Many, NonNegative, Pair, Parse, Parser, Pattern, Rest,
    Spec,
};
pub use crate::call::{Attempt, Wait};
pub use crate::command;
pub use crate::command::Scope;
pub use crate::error::{Error, Result, shown};
pub use crate::timeout::{Timeout, TimeoutMs};
