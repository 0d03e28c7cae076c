//! CLIENT TRACKINGINFO: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|trackinginfo",
    group: Connection,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns information about server-assisted client-side caching for the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT TRACKINGINFO
        1) "flags"
        2) 1) "off"
        3) "redirect"
        4) (integer) -1
        5) "prefixes"
        6) (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

/// No client tracks keys yet.
pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(1);
    reply.bulk(b"off");
    reply.bulk(b"redirect");
    reply.integer(-1);
    reply.bulk(b"prefixes");
    reply.array(0);
    Ok(())
}
