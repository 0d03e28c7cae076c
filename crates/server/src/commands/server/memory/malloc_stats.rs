//! MEMORY MALLOC-STATS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "memory|malloc-stats",
    group: Server,
    since: "4.0.0",
    complexity: "Depends on how much memory is allocated, could be slow",
    summary: "Returns the allocator statistics.",
    handler: Session,
    flags: [],
    examples: r#"
        > MEMORY MALLOC-STATS
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.verbatim("txt", (session.server.allocator.report)().as_bytes());
    Ok(())
}
