//! OBJECT ENCODING: see its summary.

use crate::prelude::*;

command! {
    name: "object|encoding",
    group: Generic,
    since: "2.2.3",
    complexity: "O(1)",
    summary: "Returns the internal encoding of a value.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > OBJECT ENCODING count
        "int"
        > OBJECT ENCODING missing
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.peek(&args.key) {
        Some(entry) => reply.bulk(keyspace::encoding_name(entry).as_bytes()),
        None => reply.null(),
    }
    Ok(())
}
