//! HSET: sets fields of a hash.

use super::value::set_all;
use crate::prelude::*;

command! {
    name: "hset",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
    summary: "Creates or modifies the value of a field in a hash.",
    handler: Write(hset),
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HSET user:1 age 32 town Oslo
        (integer) 1
        > HMGET user:1 name age town
        1) "Ann"
        2) "32"
        3) "Oslo"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    data: Many<Pair<&'a [u8], &'a [u8]>>,
}

fn hset(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let added = set_all(txn, &args.key, &args.data)?;
    reply.integer(added as i64);
    Ok(())
}
