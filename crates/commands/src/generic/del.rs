//! DEL: removes keys.

use crate::prelude::*;

command! {
    name: "del",
    group: Generic,
    since: "1.0.0",
    complexity: "O(N) where N is the number of keys that will be removed.",
    summary: "Deletes one or more keys.",
    handler: Write(run),
    examples: r#"
        > MSET a 1 b 2
        OK
        > DEL a b c
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RM DELETE")]
    keys: Many<Key<'a>>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = args.keys.iter().filter(|key| txn.remove(key)).count();
    reply.integer(removed as i64);
    Ok(())
}
