//! ECHO: says it again.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "echo",
    group: Connection,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the given string.",
    handler: Session,
    flags: [Fast, Loading, Stale],
    examples: r#"
        > ECHO "Hello World!"
        "Hello World!"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    message: &'a [u8],
}

pub(crate) fn run(_: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.bulk(args.message);
    Ok(())
}
