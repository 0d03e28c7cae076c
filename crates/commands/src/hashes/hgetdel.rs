//! HGETDEL: the values of fields that are removed.

use smallvec::SmallVec;

use super::fields::Fields;
use crate::prelude::*;

command! {
    name: "hgetdel",
    group: Hash,
    since: "8.0.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Returns the value of a field and deletes it from the hash.",
    handler: Write(hgetdel),
    arity: -5,
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HGETDEL user:1 FIELDS 2 token email
        1) "x7"
        2) (nil)
        > HGETDEL user:1 FIELDS 1 name
        1) "Ann"
        > EXISTS user:1
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    fields: Rest<'a, Fields<'a>>,
}

fn hgetdel(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("hdel");
    let mut hash = txn.hash_mut(&args.key)?;
    let Fields(fields) = args.fields.read()?;
    reply.array(fields.len());
    let mut removed = SmallVec::<[&[u8]; 4]>::new();
    for field in fields {
        match hash.as_ref().and_then(|hash| hash.read().get(field)) {
            Some(value) => reply.bulk(value),
            None => reply.null(),
        }
        if let Some(hash) = &mut hash
            && hash.remove(field)
        {
            removed.push(field);
        }
    }
    drop(hash);
    txn.did(|did| {
        if !removed.is_empty() {
            did.command([b"HDEL", args.key.bytes].into_iter().chain(removed));
        }
    });
    Ok(())
}
