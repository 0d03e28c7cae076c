//! SELECT: goes over to another database.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "select",
    group: Connection,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Changes the selected database.",
    handler: Session,
    flags: [Fast, Loading, Stale],
    examples: r#"
        > SELECT 1
        OK
        > SELECT 99
        (error) ERR DB index is out of range
    "#,
}

#[derive(Args)]
pub struct Args {
    index: i32,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let databases = session.server.keyspace.databases();
    match u16::try_from(args.index) {
        Ok(index) if index < databases => session.select(index),
        _ => return Err(Error::fixed("ERR DB index is out of range")),
    }
    reply.ok();
    Ok(())
}
