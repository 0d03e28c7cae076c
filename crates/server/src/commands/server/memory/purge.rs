//! MEMORY PURGE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "memory|purge",
    group: Server,
    since: "4.0.0",
    complexity: "Depends on how much memory is allocated, could be slow",
    summary: "Asks the allocator to release memory.",
    handler: Session,
    flags: [],
    examples: r#"
        > MEMORY PURGE
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    (session.server.allocator.purge)();
    reply.ok();
    Ok(())
}
