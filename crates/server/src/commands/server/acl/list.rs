//! ACL LIST: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|list",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of configured users.",
    summary: "Dumps the effective rules in ACL file format.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL LIST
        1) "user default on nopass sanitize-payload ~* &* +@all"
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let users = session.server.users.all();
    reply.array(users.len());
    for user in users {
        reply.bulk(&[b"user ", user.name(), b" ", &*user.rules()].concat());
    }
    Ok(())
}
