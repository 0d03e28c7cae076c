//! COMMAND HELP: see its summary.

crate::commands::help!("command|help", Server, since "5.0.0");
