//! MSET: makes several keys strings.

use crate::prelude::*;

command! {
    name: "mset",
    group: String,
    since: "1.0.1",
    complexity: "O(N) where N is the number of keys to set.",
    summary: "Atomically creates or modifies the string values of one or more keys.",
    handler: Write(mset),
    flags: [DenyOom],
    examples: r#"
        > MSET host example.org port 6379
        OK
        > MGET host port
        1) "example.org"
        2) "6379"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    data: Many<Pair<Key<'a>, &'a [u8]>>,
}

fn mset(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    for Pair(key, value) in &args.data {
        txn.set_string(key, value, Deadline::Never);
    }
    reply.ok();
    Ok(())
}
