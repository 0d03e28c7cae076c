//! CONFIG HELP: see its summary.

crate::commands::server::help!("config|help", since "5.0.0");
