//! HINCRBY: adds an integer to a field.

use crate::prelude::*;

command! {
    name: "hincrby",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.",
    handler: Write(hincrby),
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET page:1 title Home visits 41
        (integer) 2
        > HINCRBY page:1 visits 1
        (integer) 42
        > HINCRBY page:1 errors -3
        (integer) -3
        > HINCRBY page:1 title 1
        (error) ERR hash value is not an integer
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    field: &'a [u8],
    increment: i64,
}

fn hincrby(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NOT_INTEGER: Error = Error::fixed("ERR hash value is not an integer");
    const OVERFLOW: Error = Error::fixed("ERR increment or decrement would overflow");
    let mut hash = txn.hash_or_new(&args.key)?;
    let value = match hash.read().get(args.field) {
        Some(value) => base::number::parse_i64(value).ok_or(NOT_INTEGER)?,
        None => 0,
    };
    let sum = value.checked_add(args.increment).ok_or(OVERFLOW)?;
    hash.set_value(args.field, itoa::Buffer::new().format(sum).as_bytes());
    reply.integer(sum);
    Ok(())
}
