//! RANDOMKEY: any key.

use crate::prelude::*;

command! {
    name: "randomkey",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns a random key name from the database.",
    handler: Read(run),
    scope: |_| Scope::BySlot,
    examples: r#"
        > RANDOMKEY
        (nil)
        > SET only 1
        OK
        > RANDOMKEY
        "only"
    "#,
}

#[derive(Args)]
pub struct Args {}

fn run(view: &ReadView<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    let mut is_empty = true;
    view.random_key(|entry| {
        reply.bulk(entry.key());
        is_empty = false;
    });
    if is_empty {
        reply.null();
    }
    Ok(())
}
