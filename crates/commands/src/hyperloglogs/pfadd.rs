//! PFADD: adds elements to a HyperLogLog.

use values::hyperloglog;

use super::value::change;
use crate::prelude::*;

command! {
    name: "pfadd",
    group: HyperLogLog,
    since: "2.8.9",
    complexity: "O(1) to add every element.",
    summary: "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
    handler: Write(pfadd),
    flags: [DenyOom, Fast],
    examples: r#"
        > PFADD visitors alice bob carol
        (integer) 1
        > PFADD visitors alice
        (integer) 0
        > PFCOUNT visitors
        (integer) 3
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    element: Option<Many<&'a [u8]>>,
}

fn pfadd(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let sparse_bytes_max = txn.limits().hyperloglog_sparse_bytes_max;
    let changed = change(txn, &args.key, |buffer| {
        let mut changed = false;
        for element in args.element.iter().flatten() {
            changed |= hyperloglog::add(buffer, element, sparse_bytes_max)?;
        }
        Ok(changed)
    })?;
    reply.integer(i64::from(changed));
    Ok(())
}
