//! DBSIZE: how many keys there are.

use crate::prelude::*;

command! {
    name: "dbsize",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the number of keys in the database.",
    handler: Read(run),
    scope: |_| Scope::BySlot,
    flags: [Fast],
    examples: r#"
        > MSET a 1 b 2
        OK
        > DBSIZE
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

fn run(view: &ReadView<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    reply.integer(view.database_len() as i64);
    Ok(())
}
