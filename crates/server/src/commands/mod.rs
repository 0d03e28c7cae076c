//! Commands that concern a client's connection or the server as a whole: one file per command, by family.
//!
//! They are declared as the commands of the room `commands` are. Their function is called `run` and takes the
//! session, which leads to everything else.

mod connection;
mod transactions;

use commands::Command;

use crate::table::SessionFunction;

/// A command and its function; a container that only groups its subcommands has none.
pub(crate) type SessionCommand = (&'static Command, Option<SessionFunction>);

/// The commands of this room.
pub(crate) fn session_commands() -> impl Iterator<Item = &'static SessionCommand> {
    [connection::FAMILY, transactions::FAMILY].into_iter().flatten()
}

/// Declares a family of commands: each name is a file with `COMMAND`, `Args` and
/// `run(&mut Session, Args, &mut Reply)`. `name { a, b }` is a folder: a container, whose `mod.rs` has `COMMAND`
/// (and `Args`, empty), and its subcommands.
macro_rules! session_family {
    ($($name:ident $({ $($sub:ident),* $(,)? })?),* $(,)?) => {
        $(mod $name;)*

        /// The commands of this family.
        pub(crate) const FAMILY: &[crate::commands::SessionCommand] = &[
            $(crate::commands::session_family!(@entry $name $({ $($sub),* })?)),*
        ];
    };
    (@entry $name:ident) => {
        (&$name::COMMAND, Some(crate::commands::session_family!(@function $name)))
    };
    (@function $name:ident) => {
        |session, arguments, reply| {
            let position = const { commands::arguments_at($name::COMMAND.name) };
            let args: $name::Args = commands::args::parse_all(arguments, position)?;
            $name::run(session, args, reply)
        }
    };
}
pub(crate) use session_family;
