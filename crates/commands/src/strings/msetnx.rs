//! MSETNX: makes several keys strings, or none.

use crate::prelude::*;

command! {
    name: "msetnx",
    group: String,
    since: "1.0.1",
    complexity: "O(N) where N is the number of keys to set.",
    summary: "Atomically modifies the string values of one or more keys only when all keys don't exist.",
    handler: Write(msetnx),
    flags: [DenyOom],
    examples: r#"
        > MSETNX a 1 b 2
        (integer) 1
        > MSETNX b 3 c 4
        (integer) 0
        > MGET a b c
        1) "1"
        2) "2"
        3) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW INSERT")]
    data: Many<Pair<Key<'a>, &'a [u8]>>,
}

fn msetnx(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    let all_absent = args.data.iter().all(|Pair(key, _)| txn.peek(key).is_none());
    if all_absent {
        for Pair(key, value) in &args.data {
            txn.set_string(key, value, Deadline::Never);
        }
    }
    reply.integer(i64::from(all_absent));
    Ok(())
}
