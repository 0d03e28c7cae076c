//! SUNIONSTORE: what any of several sets has, kept as a set.

use super::algebra::{StoreArgs as Args, store, union};
use crate::prelude::*;

command! {
    name: "sunionstore",
    group: Set,
    since: "1.0.0",
    complexity: "O(N) where N is the total number of elements in all given sets.",
    summary: "Stores the union of multiple sets in a key.",
    handler: Write(sunionstore),
    flags: [DenyOom],
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SUNIONSTORE result mine yours
        (integer) 4
        > SMEMBERS result
        1) "a"
        2) "b"
        3) "c"
        4) "d"
    "#,
}

fn sunionstore(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let result = union(txn, &args.key, args.destination.bytes)?;
    store(txn, &args.destination, result, reply);
    Ok(())
}
