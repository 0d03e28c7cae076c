//! SLOWLOG HELP: see its summary.

crate::commands::server::help!("slowlog|help", since "6.2.0");
