//! SDIFFSTORE: what the first of several sets has and no other, kept as a set.

use super::algebra::{StoreArgs as Args, difference, store, to_entry};
use crate::prelude::*;

command! {
    name: "sdiffstore",
    group: Set,
    since: "1.0.0",
    complexity: "O(N*M) worst case where N is the cardinality of the first set and M is the number of sets.",
    summary: "Stores the difference of multiple sets in a key.",
    handler: Write(sdiffstore),
    flags: [DenyOom],
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SDIFFSTORE result mine yours
        (integer) 1
        > SMEMBERS result
        1) "a"
    "#,
}

fn sdiffstore(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let result = to_entry(args.destination.bytes, difference(txn, &args.key)?, txn.limits());
    store(txn, &args.destination, result, reply);
    Ok(())
}
