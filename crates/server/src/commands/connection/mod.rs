//! Commands on the client's connection.

crate::commands::session_family! { ping }
