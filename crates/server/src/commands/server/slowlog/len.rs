//! SLOWLOG LEN: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "slowlog|len",
    group: Server,
    since: "2.2.12",
    complexity: "O(1)",
    summary: "Returns the number of entries in the slow log.",
    handler: Admin,
    flags: [Loading, Stale],
    examples: r#"
        > SLOWLOG LEN
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(session.server.slowlog.len() as i64);
    Ok(())
}
