//! What each command does to the keyspace: one file per command, by family.
//!
//! A command's file holds its documentation, its arguments as a struct, its declaration ([`command!`]), its
//! function and its examples. Adding one is a new file and its name in the family's list. Commands that concern a
//! connection or the server are declared in the same way in the room `server`.
//!
//! A command knows its keys, its arguments and its reply. It does not know sockets, sessions, locks, the log or
//! who watches.

extern crate self as commands;

pub mod args;
mod bitmaps;
mod call;
mod command;
mod databases;
mod error;
mod generic;
mod geo;
mod hashes;
pub mod help;
mod hyperloglogs;
mod lists;
pub mod prelude;
mod scan_options;
mod sets;
mod sorted_sets;
mod streams;
mod strings;
pub mod syntax;
mod table;
mod timeout;

pub use call::{Access, Attempt, Call, Reader, Wait, WaitingRoom};
pub use command::{Command, Declared, Flag, Group, Handler, Scope, accepts, arguments_at, declared};
pub use error::{Error, Result, shown};
pub use table::data_commands;
