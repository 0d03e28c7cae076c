//! CLIENT UNBLOCK: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|unblock",
    group: Connection,
    since: "5.0.0",
    complexity: "O(log N) where N is the number of client connections",
    summary: "Unblocks a client blocked by a blocking command from a different connection.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT UNBLOCK 1000000
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args {
    client_id: i64,
    unblock_type: Option<How>,
}

#[derive(Args)]
enum How {
    #[arg(token = "TIMEOUT")]
    Timeout,
    #[arg(token = "ERROR")]
    Error,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let id = u64::try_from(args.client_id).unwrap_or(0);
    let did = session.server.blocked.unblock(id, matches!(args.unblock_type, Some(How::Error)));
    reply.integer(i64::from(did));
    Ok(())
}
