//! SLAVEOF: see its summary.

use commands::prelude::*;

command! {
    name: "slaveof",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Configures a server as replica of another, or promotes it to a master.",
    handler: Admin,
    flags: [NoScript, Stale, NoAsyncLoading],
    examples: r#"
        > SLAVEOF NO ONE
        OK
        > SLAVEOF 127.0.0.1 port
        (error) ERR value is not an integer or out of range
    "#,
}

pub(crate) use super::replicaof::{Args, run};
