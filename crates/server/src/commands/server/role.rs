//! ROLE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "role",
    group: Server,
    since: "2.8.12",
    complexity: "O(1)",
    summary: "Returns the replication role.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, Dangerous],
    examples: r#"
        > ROLE
        1) "master"
        2) (integer) 0
        3) (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

/// There is no replication yet: a master that has sent nothing, to nobody.
pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.array(3);
    reply.bulk(b"master");
    reply.integer(0);
    reply.array(0);
    Ok(())
}
