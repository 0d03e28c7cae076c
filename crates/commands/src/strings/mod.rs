//! Commands on strings.

mod expiry;

crate::family! { get, set }
