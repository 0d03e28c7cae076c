//! HDEL: removes fields from a hash.

use crate::prelude::*;

command! {
    name: "hdel",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the number of fields to be removed.",
    summary: "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
    handler: Write(hdel),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann age 31 town Oslo
        (integer) 3
        > HDEL user:1 age email
        (integer) 1
        > HDEL user:1 name town
        (integer) 2
        > HLEN user:1
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    #[arg(name = "field")]
    fields: Many<&'a [u8]>,
}

fn hdel(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = match txn.hash_mut(&args.key)? {
        Some(mut hash) => args.fields.iter().filter(|field| hash.remove(field)).count(),
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
