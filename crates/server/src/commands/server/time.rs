//! TIME: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "time",
    group: Server,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Returns the server time.",
    handler: Session,
    flags: [Loading, Stale, Fast],
    examples: r#"
        > TIME
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let now_us = session.script.map_or_else(crate::clock::unix_us, |script| script.began_us);
    reply.array(2);
    reply.bulk((now_us / 1_000_000).to_string().as_bytes());
    reply.bulk((now_us % 1_000_000).to_string().as_bytes());
    Ok(())
}
