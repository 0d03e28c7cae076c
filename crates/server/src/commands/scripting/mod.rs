//! Commands that run scripts, and those that look after them.

mod eval;
mod eval_ro;
mod evalsha;
mod evalsha_ro;
mod fcall;
mod fcall_ro;
mod function;
mod script;

use crate::commands::SessionCommand;

/// The commands of this family. Those that run a script have no function of their own: `scripting` runs them.
pub(crate) const FAMILY: &[SessionCommand] = &[
    (&eval::COMMAND, None),
    (&eval_ro::COMMAND, None),
    (&evalsha::COMMAND, None),
    (&evalsha_ro::COMMAND, None),
    (&fcall::COMMAND, None),
    (&fcall_ro::COMMAND, None),
    (&function::COMMAND, None),
    (&function::delete::COMMAND, crate::commands::session_family!(@some function::delete)),
    (&function::dump::COMMAND, crate::commands::session_family!(@some function::dump)),
    (&function::flush::COMMAND, crate::commands::session_family!(@some function::flush)),
    (&function::help::COMMAND, crate::commands::session_family!(@some function::help)),
    (&function::kill::COMMAND, crate::commands::session_family!(@some function::kill)),
    (&function::list::COMMAND, crate::commands::session_family!(@some function::list)),
    (&function::load::COMMAND, crate::commands::session_family!(@some function::load)),
    (&function::restore::COMMAND, crate::commands::session_family!(@some function::restore)),
    (&function::stats::COMMAND, crate::commands::session_family!(@some function::stats)),
    (&script::COMMAND, None),
    (&script::debug::COMMAND, crate::commands::session_family!(@some script::debug)),
    (&script::exists::COMMAND, crate::commands::session_family!(@some script::exists)),
    (&script::flush::COMMAND, crate::commands::session_family!(@some script::flush)),
    (&script::help::COMMAND, crate::commands::session_family!(@some script::help)),
    (&script::kill::COMMAND, crate::commands::session_family!(@some script::kill)),
    (&script::load::COMMAND, crate::commands::session_family!(@some script::load)),
    (&script::show::COMMAND, crate::commands::session_family!(@some script::show)),
];
