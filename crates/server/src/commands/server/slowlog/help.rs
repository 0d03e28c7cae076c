//! SLOWLOG HELP: see its summary.

crate::commands::help!("slowlog|help", Server, since "6.2.0");
