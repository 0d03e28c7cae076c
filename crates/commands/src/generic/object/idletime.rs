//! OBJECT IDLETIME: see its summary.

use crate::prelude::*;

command! {
    name: "object|idletime",
    group: Generic,
    since: "2.2.3",
    complexity: "O(1)",
    summary: "Returns the time since the last access to a key, in seconds.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > OBJECT IDLETIME count
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.peek(&args.key) {
        Some(entry) => reply.integer(keyspace::idle_seconds(entry, view.now_ms()) as i64),
        None => reply.null(),
    }
    Ok(())
}
