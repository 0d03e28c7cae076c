//! SINTERSTORE: what several sets have in common, kept as a set.

use super::algebra::{Intersection, store};
use crate::prelude::*;

command! {
    name: "sinterstore",
    group: Set,
    since: "1.0.0",
    complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
    summary: "Stores the intersect of multiple sets in a key.",
    handler: Write(sinterstore),
    flags: [DenyOom],
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SINTERSTORE result mine yours
        (integer) 2
        > SMEMBERS result
        1) "b"
        2) "c"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    destination: Key<'a>,
    #[arg(access = "RO ACCESS")]
    key: Many<Key<'a>>,
}

fn sinterstore(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let result = Intersection::of(txn, &args.key)?.to_entry(args.destination.bytes, txn.limits());
    store(txn, &args.destination, result, reply);
    Ok(())
}
