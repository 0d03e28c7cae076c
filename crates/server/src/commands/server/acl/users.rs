//! ACL USERS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|users",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of configured users.",
    summary: "Lists all ACL users.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL USERS
        1) "default"
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let users = session.server.users.all();
    reply.array(users.len());
    users.iter().for_each(|user| reply.bulk(user.name()));
    Ok(())
}
