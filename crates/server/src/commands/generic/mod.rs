//! Commands on keys that need more than the keyspace.

crate::commands::session_family! { migrate }
