//! CLIENT HELP: see its summary.

crate::commands::help!("client|help", Connection, since "5.0.0");
