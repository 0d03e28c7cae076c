//! MODULE HELP: see its summary.

crate::commands::help!("module|help", Server, since "5.0.0");
