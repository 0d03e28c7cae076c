//! TYPE: what a key holds.

use crate::prelude::*;

command! {
    name: "type",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Determines the type of value stored at a key.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > SET a 1
        OK
        > TYPE a
        string
        > TYPE b
        none
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.simple(view.look_for(&args.key).map_or("none", |entry| entry.kind().name()));
    Ok(())
}
