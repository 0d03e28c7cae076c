//! ACL LOAD: see its summary.

use std::sync::Arc;

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|load",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of configured users.",
    summary: "Reloads the rules from the configured ACL file.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL LOAD
        (error) ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let file = super::file(session)?;
    let server = Arc::clone(&session.server);
    server.load_users_from(&file, Some(&session.client)).map_err(Error::new)?;
    reply.ok();
    Ok(())
}
