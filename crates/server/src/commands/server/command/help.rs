//! COMMAND HELP: see its summary.

crate::commands::server::help!("command|help", since "5.0.0");
