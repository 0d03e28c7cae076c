//! CONFIG HELP: see its summary.

crate::commands::help!("config|help", Server, since "5.0.0");
