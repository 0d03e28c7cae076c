//! PFCOUNT: about how many different elements were added to HyperLogLogs.

use values::hyperloglog::{self, Registers};

use super::value::{bytes, change};
use crate::prelude::*;

command! {
    name: "pfcount",
    group: HyperLogLog,
    since: "2.8.9",
    complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
    summary: "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
    handler: Write(pfcount),
    flags: [MayReplicate],
    examples: r#"
        > PFADD monday alice bob
        (integer) 1
        > PFADD tuesday bob carol
        (integer) 1
        > PFCOUNT monday
        (integer) 2
        > PFCOUNT monday tuesday
        (integer) 3
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS")]
    key: Many<Key<'a>>,
}

fn pfcount(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    // That it has counted is its own affair.
    txn.call_changes("");
    let count = match args.key.as_slice() {
        [only] => count_one(txn, only)?,
        several => {
            let mut union = Registers::new();
            for key in several {
                if let Some(string) = txn.string(key)? {
                    union.merge(bytes(string)?)?;
                }
            }
            union.count()
        }
    };
    reply.integer(count as i64);
    Ok(())
}

/// The count of the one at `key`, which keeps it until elements are added.
fn count_one(txn: &mut WriteTxn<'_>, key: &Key<'_>) -> Result<u64> {
    let Some(string) = txn.string(key)? else { return Ok(0) };
    if let Some(count) = hyperloglog::cached_count(bytes(string)?) {
        return Ok(count);
    }
    let mut count = 0;
    change(txn, key, |buffer| {
        count = hyperloglog::count(buffer.bytes_mut())?;
        Ok(true)
    })?;
    Ok(count)
}
