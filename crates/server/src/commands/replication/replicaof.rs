//! REPLICAOF: see its summary.

use commands::prelude::*;

use super::replicate;
use crate::session::Session;

command! {
    name: "replicaof",
    group: Server,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Configures a server as replica of another, or promotes it to a master.",
    handler: Admin,
    flags: [NoScript, Stale, NoAsyncLoading],
    examples: r#"
        > REPLICAOF NO ONE
        OK
        > REPLICAOF 127.0.0.1 port
        (error) ERR value is not an integer or out of range
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    host: &'a [u8],
    port: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    replicate(session, args.host, args.port, reply)
}
