//! Commands on transactions.

crate::commands::session_family! { discard, exec, multi, unwatch, watch }
