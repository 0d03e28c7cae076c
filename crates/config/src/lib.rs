//! The directives of redis.conf: names, types, defaults, parsing and rewriting.
//!
//! One declarative [`table`] says everything about every directive of Redis 7.2 and those of Esker's
//! own: its names, what it takes, its default, whether it may change while the server runs, whether Esker
//! acts on it, and the typed field of [`Settings`] that it fills. Everything else here reads that table:
//!
//! - [`load`] reads a redis.conf, what it includes, standard input and the command line,
//! - [`Config::get`], [`Config::set`] and [`Config::rewrite`] are CONFIG GET, SET and REWRITE,
//! - [`directives`] lists it for help and documentation.
//!
//! A [`Config`] is a value. Changing one makes another, which the server publishes once it has acted on
//! the change; there is no global state and no socket. The file system is touched by [`load`],
//! [`Config::rewrite`], [`replace_file`] and the directive `dir`, which must name a directory that exists. Nothing is
//! logged: what a person should know comes back as a [`Warning`] or an error whose text is ready to print.

mod command_line;
mod config;
mod directive;
mod elsewhere;
mod error;
mod files;
mod kind;
mod line;
mod load;
mod rewrite;
pub mod table;

pub use base::events::EventClasses;
pub use command_line::CommandLine;
pub use config::{Config, Update};
pub use directive::{Arguments, Directive, Statement, Support, Syntax, Traits};
pub use error::{LoadError, Place, RewriteError, SetError, Source, Warning};
pub use files::{describe as describe_io_error, replace as replace_file};
pub use kind::bind::BindAddresses;
pub use kind::buffer_limits::{OutputBufferLimit, OutputBufferLimits};
pub use kind::choice::ShutdownFlags;
pub use kind::database_engines::{DatabaseEngines, EngineKind};
pub use kind::number::ClientsMemory;
pub use kind::percentiles::Percentiles;
pub use kind::replica_of::Primary;
pub use kind::save::SaveRule;
pub use kind::text::Secret;
pub use load::{Loaded, RenamedCommand, UserLine, load};
pub use table::{Settings, directive, directives, statements};

use std::path::PathBuf;

/// The program's name, as errors about its configuration give it.
pub const PROGRAM: &str = "Esker";

/// The program's version, as errors about its configuration give it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the defaults need to know of the machine and the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Processor cores at hand: the default of `io-threads`.
    pub cores: usize,
    /// The absolute path of the directory that the process was started in: the default of `dir`, and
    /// where relative paths begin.
    pub working_dir: PathBuf,
}
