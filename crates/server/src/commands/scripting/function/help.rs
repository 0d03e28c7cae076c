//! FUNCTION HELP: the subcommands, for people.

crate::commands::help!("function|help", Scripting, since "7.0.0");
