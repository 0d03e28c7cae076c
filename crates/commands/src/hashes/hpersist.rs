//! HPERSIST: takes the deadlines of fields of a hash away.

use super::fields::Fields;
use crate::prelude::*;

command! {
    name: "hpersist",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Removes the expiration time for each specified field.",
    handler: Write(hpersist),
    arity: -5,
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HEXPIRE user:1 60 FIELDS 1 token
        1) (integer) 1
        > HPERSIST user:1 FIELDS 3 token name email
        1) (integer) 1
        2) (integer) -1
        3) (integer) -2
        > HTTL user:1 FIELDS 1 token
        1) (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    fields: Rest<'a, Fields<'a>>,
}

fn hpersist(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let hash = txn.hash_mut(&args.key)?;
    let Fields(fields) = args.fields.read()?;
    reply.array(fields.len());
    let Some(mut hash) = hash else {
        fields.iter().for_each(|_| reply.integer(-2));
        return Ok(());
    };
    for field in fields {
        reply.integer(match hash.read().deadline_ms(field) {
            None => -2,
            Some(None) => -1,
            Some(Some(_)) => i64::from(hash.set_deadline_ms(field, None)),
        });
    }
    Ok(())
}
