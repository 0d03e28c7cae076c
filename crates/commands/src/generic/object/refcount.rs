//! OBJECT REFCOUNT: see its summary.

use crate::prelude::*;

command! {
    name: "object|refcount",
    group: Generic,
    since: "2.2.3",
    complexity: "O(1)",
    summary: "Returns the reference count of a value, which is always one: nothing is shared.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > OBJECT REFCOUNT count
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.peek(&args.key) {
        Some(_) => reply.integer(1),
        None => reply.null(),
    }
    Ok(())
}
