//! SWAPDB: exchanges two databases.

use crate::generic::database::database;

use crate::prelude::*;
use keyspace::DifferentEngines;

command! {
    name: "swapdb",
    group: Server,
    since: "4.0.0",
    complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
    summary: "Swaps two Redis databases.",
    handler: Write(run),
    scope: |_| Scope::Everything,
    flags: [Fast, Dangerous],
    examples: r#"
        > SET a 1
        OK
        > SWAPDB 0 1
        OK
        > EXISTS a
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    index1: &'a [u8],
    index2: &'a [u8],
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let first = index(args.index1).ok_or(Error::fixed("ERR invalid first DB index"))?;
    let second = index(args.index2).ok_or(Error::fixed("ERR invalid second DB index"))?;
    let (first, second) = (database(txn, first)?, database(txn, second)?);
    if first != second {
        txn.swap(first, second).map_err(|DifferentEngines| {
            Error::new(format_args!(
                "databases {first} and {second} cannot be exchanged: one is served from memory, the other from disk"
            ))
        })?;
    }
    reply.ok();
    Ok(())
}

/// Redis takes these for 32-bit numbers.
fn index(word: &[u8]) -> Option<i32> {
    base::number::parse_i64(word).and_then(|index| i32::try_from(index).ok())
}
