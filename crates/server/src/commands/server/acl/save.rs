//! ACL SAVE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|save",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of configured users.",
    summary: "Saves the effective ACL rules in the configured ACL file.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL SAVE
        (error) ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let file = super::file(session)?;
    // Held while the file is written, so that of two that save the later one writes what is in force.
    let _turn = session.server.config.lock();
    let users = session.server.users.all();
    let text = acl::written(users.iter().map(|user| &**user));
    config::replace_file(&file, &text).map_err(|error| {
        tracing::warn!(%error, file = %file.display(), "ACL SAVE failed");
        Error::fixed(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
        )
    })?;
    reply.ok();
    Ok(())
}
