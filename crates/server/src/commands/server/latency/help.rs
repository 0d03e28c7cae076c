//! LATENCY HELP: see its summary.

crate::commands::server::help!("latency|help", since "2.8.13");
