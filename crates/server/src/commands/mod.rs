//! Commands that concern a client's connection or the server as a whole: one file per command, by family.
//!
//! They are declared as the commands of the room `commands` are. Their function is called `run` and takes the
//! session, which leads to everything else.

mod cluster;
mod connection;
mod generic;
mod pubsub;
mod replication;
mod scripting;
mod server;
mod transactions;

use commands::Command;
pub(crate) use connection::describe_client;
pub(crate) use server::{key_specs, slots_of, traits};

use crate::table::SessionFunction;

/// A command and its function; a container that only groups its subcommands has none.
pub(crate) type SessionCommand = (&'static Command, Option<SessionFunction>);

/// The commands of this room, each with its subcommands, for documentation.
pub fn all() -> impl Iterator<Item = &'static Command> {
    session_commands().map(|(command, _)| *command).filter(|command| command.words() == 1)
}

/// The commands and subcommands of this room, with their functions.
pub(crate) fn session_commands() -> impl Iterator<Item = &'static SessionCommand> {
    let families: [&[SessionCommand]; 8] = [
        cluster::FAMILY,
        connection::FAMILY,
        generic::FAMILY,
        pubsub::FAMILY,
        replication::FAMILY,
        scripting::FAMILY,
        server::FAMILY,
        transactions::FAMILY,
    ];
    families.into_iter().flatten()
}

/// Declares a family of commands: each name is a file with `COMMAND`, `Args` and
/// `run(&mut Session, Args, &mut Reply)`. `name { a, b }` is a folder: a container, whose `mod.rs` declares
/// `COMMAND`, and the files of its subcommands; `name run { … }` one that also runs by itself.
macro_rules! session_family {
    ($($name:ident $($kind:ident)? $({ $($sub:ident),* $(,)? })?),* $(,)?) => {
        $(mod $name;)*

        /// The commands of this family.
        pub(crate) const FAMILY: &[crate::commands::SessionCommand] = &[
            $(
                (&$name::COMMAND, crate::commands::session_family!(@own $name [$($kind)?] $({ $($sub)* })?)),
                $($((&$name::$sub::COMMAND, crate::commands::session_family!(@some $name::$sub)),)*)?
            )*
        ];
    };
    (@own $name:ident []) => { crate::commands::session_family!(@some $name) };
    (@own $name:ident [run] { $($sub:ident)* }) => { crate::commands::session_family!(@some $name) };
    (@own $name:ident [] { $($sub:ident)* }) => { None };
    (@some $($path:ident)::+) => {
        Some(|session, arguments, reply| {
            let position = const { commands::arguments_at($($path)::+::COMMAND.name) };
            let args: $($path)::+::Args = commands::args::parse_all(arguments, position)?;
            $($path)::+::run(session, args, reply)
        })
    };
}
pub(crate) use session_family;

/// Declares the HELP of the container whose module this is in.
macro_rules! help {
    ($name:literal, $group:ident, since $since:literal) => {
        use commands::prelude::*;

        use crate::session::Session;

        command! {
            name: $name,
            group: $group,
            since: $since,
            complexity: "O(1)",
            summary: "Returns helpful text about the different subcommands.",
            handler: Session,
            flags: [Loading, Stale],
            examples: "",
        }

        #[derive(Args)]
        pub struct Args {}

        pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
            commands::help::reply_help(&super::COMMAND, reply);
            Ok(())
        }
    };
}
pub(crate) use help;
