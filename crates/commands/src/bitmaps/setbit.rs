//! SETBIT: sets one bit of a string.

use super::offset::{Bit, BitOffset};
use crate::prelude::*;

command! {
    name: "setbit",
    group: Bitmap,
    since: "2.2.0",
    complexity: "O(1), or O(N) where N is the number of bytes that the string grows by.",
    summary: "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
    handler: Write(setbit),
    flags: [DenyOom],
    examples: r#"
        > SETBIT seen 7 1
        (integer) 0
        > SETBIT seen 7 0
        (integer) 1
        > GET seen
        "\x00"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    offset: BitOffset,
    value: Later<'a, Bit>,
}

fn setbit(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let offset = args.offset.within(txn.limits())?;
    let Bit(value) = args.value.read()?;
    let mask = 0x80 >> (offset % 8);
    let mut before = false;
    txn.edit_string(&args.key, |buffer| {
        let has_grown = buffer.grow(offset / 8 + 1);
        let byte = &mut buffer.bytes_mut()[offset / 8];
        before = *byte & mask != 0;
        *byte = if value { *byte | mask } else { *byte & !mask };
        has_grown || before != value
    })?;
    reply.integer(i64::from(before));
    Ok(())
}
