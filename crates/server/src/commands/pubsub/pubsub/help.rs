//! PUBSUB HELP: see its summary.

crate::commands::help!("pubsub|help", PubSub, since "6.2.0");
