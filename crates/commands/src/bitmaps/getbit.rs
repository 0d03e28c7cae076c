//! GETBIT: one bit of a string.

use values::string::Digits;

use super::offset::BitOffset;
use crate::prelude::*;

command! {
    name: "getbit",
    group: Bitmap,
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Returns a bit value by offset.",
    handler: Read(getbit),
    flags: [Fast],
    examples: r#"
        > SETBIT seen 7 1
        (integer) 0
        > GETBIT seen 7
        (integer) 1
        > GETBIT seen 100
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    offset: BitOffset,
}

fn getbit(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let offset = args.offset.within(view.limits())?;
    let mut digits = Digits::new();
    let byte = view.string(&args.key)?.and_then(|string| string.bytes(&mut digits).get(offset / 8).copied());
    reply.integer(i64::from(byte.unwrap_or(0) >> (7 - offset % 8) & 1));
    Ok(())
}
