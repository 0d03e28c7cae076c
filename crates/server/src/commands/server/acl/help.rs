//! ACL HELP: see its summary.

crate::commands::help!("acl|help", Server, since "6.0.0");
