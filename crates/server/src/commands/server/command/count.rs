//! COMMAND COUNT: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "command|count",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Returns a count of commands.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND COUNT
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.server.table.named().count() as i64);
    Ok(())
}
