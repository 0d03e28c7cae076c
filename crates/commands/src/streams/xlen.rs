//! XLEN: how many entries a stream has.

use crate::prelude::*;

command! {
    name: "xlen",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Return the number of messages in a stream.",
    handler: Read(xlen),
    flags: [Fast],
    examples: r#"
        > XADD readings * celsius 21
        *
        > XLEN readings
        (integer) 1
        > XLEN missing
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn xlen(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(view.stream(&args.key)?.map_or(0, |stream| stream.len() as i64));
    Ok(())
}
