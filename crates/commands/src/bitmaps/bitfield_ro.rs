//! BITFIELD_RO: reads integers of any width within a string.

use super::operations::{GET, OperationWords};
use crate::prelude::*;

command! {
    name: "bitfield_ro",
    group: Bitmap,
    since: "6.0.0",
    complexity: "O(1) for each subcommand specified",
    summary: "Performs arbitrary read-only bitfield integer operations on strings.",
    handler: Read(bitfield_ro),
    flags: [Fast],
    examples: r#"
        > SET word "\x01\xff"
        OK
        > BITFIELD_RO word GET u8 0 GET i8 #1 GET u4 6
        1) (integer) 1
        2) (integer) -1
        3) (integer) 7
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    get_block: Gets<'a>,
}

/// BITFIELD's operations, none of which may write.
struct Gets<'a>(OperationWords<'a>);

impl<'a> Parse<'a> for Gets<'a> {
    const SPEC: Spec = Spec { optional: true, multiple: true, ..GET };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        OperationWords::parse(parser).map(Gets)
    }
}

fn bitfield_ro(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const WRITES: Error = Error::fixed("ERR BITFIELD_RO only supports the GET subcommand");
    let operations = args.get_block.0.read(view.limits())?;
    if operations.bytes_written().is_some() {
        return Err(WRITES);
    }
    operations.get(view.string(&args.key)?, reply);
    Ok(())
}
