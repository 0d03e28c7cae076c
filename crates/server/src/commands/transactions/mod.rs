//! Commands on transactions.

crate::commands::session_family! { exec, multi }
