//! KEYS: the names of keys.

use crate::prelude::*;

command! {
    name: "keys",
    group: Generic,
    since: "1.0.0",
    complexity: "O(N) with N being the number of keys in the database",
    summary: "Returns all key names that match a pattern.",
    handler: Read(run),
    scope: |_| Scope::BySlot,
    flags: [Dangerous],
    examples: r#"
        > MSET one 1 two 2
        OK
        > KEYS t*
        1) "two"
        > KEYS x*
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    pattern: Pattern<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let begin = reply.begin();
    let mut count = 0;
    view.scan_all(&mut |entry| {
        if args.pattern.matches(entry.key()) {
            reply.bulk(entry.key());
            count += 1;
        }
    });
    reply.end_array(begin, count);
    Ok(())
}
