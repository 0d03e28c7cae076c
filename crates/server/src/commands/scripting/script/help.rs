//! SCRIPT HELP: the subcommands, for people.

crate::commands::help!("script|help", Scripting, since "5.0.0");
