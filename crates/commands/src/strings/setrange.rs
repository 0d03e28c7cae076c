//! SETRANGE: overwrites a part of a string.

use super::value::check_len;
use crate::prelude::*;

command! {
    name: "setrange",
    group: String,
    since: "2.2.0",
    complexity: "O(M) where M is the length of the value, and of what the string grows by.",
    summary: "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
    handler: Write(setrange),
    flags: [DenyOom],
    examples: r#"
        > SET greeting "hello, world"
        OK
        > SETRANGE greeting 7 Redis
        (integer) 12
        > GET greeting
        "hello, Redis"
        > SETRANGE padded 3 x
        (integer) 4
        > GET padded
        "\x00\x00\x00x"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    offset: i64,
    value: &'a [u8],
}

fn setrange(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NEGATIVE: Error = Error::fixed("ERR offset is out of range");
    let offset = usize::try_from(args.offset).map_err(|_| NEGATIVE)?;
    let mut len = txn.string_mut(&args.key)?.map_or(0, |string| string.read().len());
    if !args.value.is_empty() {
        let end = check_len(offset, args.value.len(), txn.limits().string_bytes_max)?;
        txn.edit_string(&args.key, |buffer| {
            buffer.grow(end);
            buffer.bytes_mut()[offset..end].copy_from_slice(args.value);
            true
        })?;
        len = len.max(end);
    }
    reply.integer(len as i64);
    Ok(())
}
