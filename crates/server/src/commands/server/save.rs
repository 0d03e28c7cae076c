//! SAVE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "save",
    group: Server,
    since: "1.0.0",
    complexity: "O(N) where N is the total number of keys in all databases",
    summary: "Saves all databases to disk and replies when they are there; other clients are served meanwhile.",
    handler: Admin,
    flags: [NoAsyncLoading, NoScript, NoMulti],
    examples: "",
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    if let Err(error) = tokio::task::block_in_place(|| server.save()) {
        tracing::error!("Error saving the DB: {error}");
        return Err(Error::new(error));
    }
    reply.ok();
    Ok(())
}
