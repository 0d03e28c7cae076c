//! LATENCY HELP: see its summary.

crate::commands::help!("latency|help", Server, since "2.8.13");
