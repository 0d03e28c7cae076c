//! MEMORY HELP: see its summary.

crate::commands::server::help!("memory|help", since "4.0.0");
