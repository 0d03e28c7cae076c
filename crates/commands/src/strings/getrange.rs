//! GETRANGE: a part of a string.

use values::string::Digits;

use super::range::{clamp, is_reversed};
use crate::prelude::*;

command! {
    name: "getrange",
    group: String,
    since: "2.4.0",
    complexity: "O(N) where N is the length of the returned string, which is copied once; finding it takes no time.",
    summary: "Returns a substring of the string stored at a key.",
    handler: Read(getrange),
    examples: r#"
        > SET greeting "hello, world"
        OK
        > GETRANGE greeting 0 4
        "hello"
        > GETRANGE greeting -5 -1
        "world"
        > GETRANGE greeting 7 1000
        "world"
        > GETRANGE greeting 3 1
        ""
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    start: i64,
    end: i64,
}

/// GETRANGE, and SUBSTR.
pub fn getrange(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut digits = Digits::new();
    let bytes = view.string(&args.key)?.map_or(&b""[..], |string| string.bytes(&mut digits));
    let is_reversed = is_reversed(args.start, args.end);
    reply.bulk(if is_reversed { b"" } else { &bytes[clamp(args.start, args.end, bytes.len())] });
    Ok(())
}
