//! MEMORY HELP: see its summary.

crate::commands::help!("memory|help", Server, since "4.0.0");
