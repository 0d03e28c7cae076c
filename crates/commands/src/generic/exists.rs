//! EXISTS: counts the keys that are there.

use crate::prelude::*;

command! {
    name: "exists",
    group: Generic,
    since: "1.0.0",
    complexity: "O(N) where N is the number of keys to check.",
    summary: "Determines whether one or more keys exist.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > SET a 1
        OK
        > EXISTS a b a
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RO")]
    keys: Many<Key<'a>>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let there = args.keys.iter().filter(|key| view.look_for(key).is_some()).count();
    reply.integer(there as i64);
    Ok(())
}
