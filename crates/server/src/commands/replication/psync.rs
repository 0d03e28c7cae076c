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
    let is_failover = |option: &&[u8]| option.eq_ignore_ascii_case(b"failover");
    if args.options.iter().flat_map(|options| options.iter()).any(is_failover) {
        take_over(session, args.replicationid)?;
    }
    session.become_replica(Some((args.replicationid, args.offset)), reply)
}

/// The primary, whose stream is called `id`, asks this replica to take its part.
fn take_over(session: &mut Session, id: &[u8]) -> Result<()> {
    let server = &session.server;
    if !server.replication.is_replica() {
        return Err(Error::fixed("ERR PSYNC FAILOVER can't be sent to a master."));
    }
    if server.position().id.as_bytes() != id {
        return Err(Error::fixed("ERR PSYNC FAILOVER replid must match my replid."));
    }
    tracing::info!("The primary hands over: this server is the primary now");
    server.become_replica_of(None);
    Ok(())
}
