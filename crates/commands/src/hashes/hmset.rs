//! HMSET: HSET with another reply.

use super::value::set_all;
use crate::prelude::*;

command! {
    name: "hmset",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the number of fields being set.",
    summary: "Sets the values of multiple fields.",
    handler: Write(hmset),
    flags: [DenyOom, Fast],
    examples: r#"
        > HMSET user:1 name Ann age 31
        OK
        > HGET user:1 age
        "31"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    data: Many<Pair<&'a [u8], &'a [u8]>>,
}

fn hmset(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("hset");
    set_all(txn, &args.key, &args.data)?;
    reply.ok();
    Ok(())
}
