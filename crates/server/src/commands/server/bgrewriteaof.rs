//! BGREWRITEAOF: see its summary.

use commands::prelude::*;

use crate::append_only::{self, Refusal};
use crate::session::Session;

command! {
    name: "bgrewriteaof",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Asynchronously rewrites the append-only file to disk.",
    handler: Admin,
    flags: [NoScript, NoAsyncLoading],
    examples: "",
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    match append_only::rewrite(&session.server) {
        Ok(true) => reply.simple("Background append only file rewriting started"),
        Ok(false) => reply.simple("Background append only file rewriting scheduled"),
        Err(Refusal::Runs) => {
            return Err(Error::new("Background append only file rewriting already in progress"));
        }
        Err(_) => {
            return Err(Error::new(
                "Can't execute an AOF background rewriting. Please check the server logs for more information.",
            ));
        }
    }
    Ok(())
}
