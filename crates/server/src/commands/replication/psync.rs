//! PSYNC: a replica asks for the stream.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "psync",
    group: Server,
    since: "2.8.0",
    complexity: "O(1)",
    summary: "An internal command used in replication.",
    handler: Admin,
    flags: [NoScript, NoMulti, NoAsyncLoading],
    examples: "",
}

#[derive(Args)]
pub struct Args<'a> {
    replicationid: &'a [u8],
    offset: i64,
    /// `FAILOVER`, and whatever comes to be sent besides.
    #[arg(name = "options")]
    options: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let _ = args.options;
    session.become_replica(Some((args.replicationid, args.offset)), reply)
}
