//! Access control: who there is, what each may do, and what was denied.
//!
//! A [`User`] is a value: rules are applied to it one by one ([`User::apply`]), and it says of a [`Request`] whether it
//! may run ([`User::check`]). An [`Account`] is a user under the name that clients log in to; changing one puts another
//! value in its place, so whoever checks takes no lock. [`Users`] are all accounts, and [`Log`] is what they were denied.
//!
//! What commands there are, which keys and channels a request names, and where files and clients are, is for the server
//! to say: this room knows numbers, names and patterns.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod catalogue;
mod category;
mod channels;
mod check;
mod commands;
mod elsewhere;
mod error;
mod file;
mod keys;
mod log;
mod password;
mod selector;
mod user;

pub use account::{Account, Change, Users};
pub use catalogue::Catalogue;
pub use category::Categories;
pub use check::{Denial, Kind, Mention, Mentions, Need, Request};
pub use error::RuleError;
pub use file::{parse, written};
pub use keys::Access;
pub use log::{Context, Entry, Incident, Log};
pub use selector::Selector;
pub use user::{NewChannels, User, is_name, merge_selectors};
