//! Commands that run scripts, and those that look after them.

mod eval;
mod eval_ro;
mod evalsha;
mod evalsha_ro;
mod script;

use crate::commands::SessionCommand;

/// The commands of this family. Those that run a script have no function of their own: `scripting` runs them.
pub(crate) const FAMILY: &[SessionCommand] = &[
    (&eval::COMMAND, None),
    (&eval_ro::COMMAND, None),
    (&evalsha::COMMAND, None),
    (&evalsha_ro::COMMAND, None),
    (&script::COMMAND, None),
    (&script::exists::COMMAND, crate::commands::session_family!(@some script::exists)),
    (&script::flush::COMMAND, crate::commands::session_family!(@some script::flush)),
    (&script::help::COMMAND, crate::commands::session_family!(@some script::help)),
    (&script::kill::COMMAND, crate::commands::session_family!(@some script::kill)),
    (&script::load::COMMAND, crate::commands::session_family!(@some script::load)),
    (&script::show::COMMAND, crate::commands::session_family!(@some script::show)),
];
