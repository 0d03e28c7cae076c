//! TOUCH: counts the keys that are there.

use crate::prelude::*;

command! {
    name: "touch",
    group: Generic,
    since: "3.2.1",
    complexity: "O(N) where N is the number of keys to check.",
    summary: "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > SET a 1
        OK
        > TOUCH a b
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RO")]
    keys: Many<Key<'a>>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let there = args.keys.iter().filter(|key| view.find(key).is_some()).count();
    reply.integer(there as i64);
    Ok(())
}
