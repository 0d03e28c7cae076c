//! PERSIST: takes a key's deadline away.

use crate::prelude::*;

command! {
    name: "persist",
    group: Generic,
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Removes the expiration time of a key.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > SET session abc EX 10
        OK
        > PERSIST session
        (integer) 1
        > PERSIST session
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let has_deadline = txn.deadline(&args.key).flatten().is_some();
    reply.integer(i64::from(has_deadline && txn.set_deadline(&args.key, None)));
    Ok(())
}
