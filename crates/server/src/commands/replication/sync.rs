//! SYNC: a replica that follows no stream by its name asks for everything, as `redis-cli --rdb` does.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "sync",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "An internal command used in replication.",
    handler: Admin,
    flags: [NoScript, NoMulti, NoAsyncLoading],
    examples: "",
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    session.become_replica(None, reply)
}
