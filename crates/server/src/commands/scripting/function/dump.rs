//! FUNCTION DUMP: see its summary.

use commands::prelude::*;

use crate::saving::file::version;
use crate::session::Session;

command! {
    name: "function|dump",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(N) where N is the number of functions",
    summary: "Dumps all libraries into a serialized binary payload.",
    handler: Session,
    flags: [NoScript],
    examples: r##"
        > FUNCTION DUMP
        *
    "##,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let registry = session.server.scripting.functions.now();
    reply.bulk(&registry.payload(version(&session.server.settings())));
    Ok(())
}
