//! HSETNX: sets a field that is not there.

use crate::prelude::*;

command! {
    name: "hsetnx",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Sets the value of a field in a hash only when the field doesn't exist.",
    handler: Write(hsetnx),
    flags: [DenyOom, Fast],
    examples: r#"
        > HSETNX user:1 name Ann
        (integer) 1
        > HSETNX user:1 name Bob
        (integer) 0
        > HGET user:1 name
        "Ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    field: &'a [u8],
    value: &'a [u8],
}

fn hsetnx(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("hset");
    let mut hash = txn.hash_or_new(&args.key)?;
    let absent = !hash.read().contains(args.field);
    if absent {
        hash.set(args.field, args.value);
    }
    reply.integer(absent.into());
    Ok(())
}
