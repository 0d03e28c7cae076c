//! GET: the value of a string.

use super::value::reply_value;
use crate::prelude::*;

command! {
    name: "get",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the string value of a key.",
    handler: Read(get),
    flags: [Fast],
    examples: r#"
        > GET greeting
        (nil)
        > SET greeting "hello, world"
        OK
        > GET greeting
        "hello, world"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn get(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_value(view.string(&args.key)?, reply);
    Ok(())
}
