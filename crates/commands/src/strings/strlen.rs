//! STRLEN: how long a string is.

use values::string::StringRef;

use crate::prelude::*;

command! {
    name: "strlen",
    group: String,
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Returns the length of a string value.",
    handler: Read(strlen),
    flags: [Fast],
    examples: r#"
        > SET greeting "hello, world"
        OK
        > STRLEN greeting
        (integer) 12
        > STRLEN missing
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn strlen(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(view.string(&args.key)?.map_or(0, StringRef::len) as i64);
    Ok(())
}
