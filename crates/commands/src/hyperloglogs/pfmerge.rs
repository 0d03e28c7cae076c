//! PFMERGE: makes a HyperLogLog of all that was added to others.

use values::hyperloglog::Registers;

use super::value::{bytes, change};
use crate::prelude::*;

command! {
    name: "pfmerge",
    group: HyperLogLog,
    since: "2.8.9",
    complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
    summary: "Merges one or more HyperLogLog values into a single key.",
    handler: Write(pfmerge),
    flags: [DenyOom],
    examples: r#"
        > PFADD monday alice bob
        (integer) 1
        > PFADD tuesday bob carol
        (integer) 1
        > PFMERGE week monday tuesday
        OK
        > PFCOUNT week
        (integer) 3
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS INSERT")]
    destkey: Key<'a>,
    #[arg(access = "RO ACCESS")]
    sourcekey: Option<Many<Key<'a>>>,
}

fn pfmerge(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("pfadd");
    let mut union = Registers::new();
    for key in std::iter::once(&args.destkey).chain(args.sourcekey.iter().flatten()) {
        if let Some(string) = txn.string(key)? {
            union.merge(bytes(string)?)?;
        }
    }
    let sparse_bytes_max = txn.limits().hyperloglog_sparse_bytes_max;
    change(txn, &args.destkey, |buffer| union.store(buffer, sparse_bytes_max).map(|()| true))?;
    reply.ok();
    Ok(())
}
