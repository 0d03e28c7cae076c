//! BITFIELD: reads and changes integers of any width within a string.

use super::operations::OperationWords;
use crate::prelude::*;

command! {
    name: "bitfield",
    group: Bitmap,
    since: "3.2.0",
    complexity: "O(1) for each subcommand specified",
    summary: "Performs arbitrary bitfield integer operations on strings.",
    handler: Write(bitfield),
    flags: [DenyOom],
    examples: r#"
        > BITFIELD player SET u16 #0 9000 INCRBY i8 16 -5 GET i8 16
        1) (integer) 0
        2) (integer) -5
        3) (integer) -5
        > BITFIELD player INCRBY u2 100 3 OVERFLOW SAT INCRBY u2 100 1 OVERFLOW FAIL INCRBY u2 100 1
        1) (integer) 3
        2) (integer) 3
        3) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE VARIABLE_FLAGS")]
    key: Key<'a>,
    operation: OperationWords<'a>,
}

fn bitfield(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("setbit");
    let operations = args.operation.read(txn.limits())?;
    match operations.bytes_written() {
        None => operations.get(txn.string(&args.key)?, reply),
        Some(len) => txn.edit_string(&args.key, |buffer| {
            let has_grown = buffer.grow(len);
            operations.run(buffer.bytes_mut(), reply) || has_grown
        })?,
    }
    Ok(())
}
