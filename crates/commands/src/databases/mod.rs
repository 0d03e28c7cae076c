//! Commands on whole databases.

mod mode;

crate::family! { dbsize, flushall, flushdb, swapdb }
