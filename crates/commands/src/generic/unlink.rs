//! UNLINK: removes keys and frees them elsewhere. (What is large is freed elsewhere after DEL, too.)

use crate::prelude::*;

command! {
    name: "unlink",
    group: Generic,
    since: "4.0.0",
    complexity: "O(N) where N is the number of keys that will be removed.",
    summary: "Asynchronously deletes one or more keys.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > MSET a 1 b 2
        OK
        > UNLINK a b c
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
