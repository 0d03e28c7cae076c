//! ACL WHOAMI: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|whoami",
    group: Server,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Returns the authenticated username of the current connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL WHOAMI
        "default"
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.bulk(session.account.user().name());
    Ok(())
}
