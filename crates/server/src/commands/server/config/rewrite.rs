//! CONFIG REWRITE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "config|rewrite",
    group: Server,
    since: "2.8.0",
    complexity: "O(1)",
    summary: "Persists the effective configuration to file.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CONFIG REWRITE
        (error) ERR The server is running without a config file
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    // Held while the file is written, so that of two rewrites the later one holds what is in force.
    let config = session.server.config.lock();
    let is_in_file = !config.settings().security.aclfile.as_os_str().is_empty();
    let users = if is_in_file { Vec::new() } else { session.server.users.all() };
    let users: Vec<Vec<u8>> = users.iter().map(|user| [user.name(), b" ", &*user.rules()].concat()).collect();
    match config.rewrite(&users) {
        Ok(()) => {
            tracing::info!("CONFIG REWRITE executed with success");
            reply.ok();
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, "CONFIG REWRITE failed");
            Err(Error::Text(error.to_string().into()))
        }
    }
}
