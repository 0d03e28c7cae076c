//! HINCRBYFLOAT: adds a number with a fraction to a field.

use base::number::Extended;

use crate::prelude::*;

command! {
    name: "hincrbyfloat",
    group: Hash,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
    handler: Write(hincrbyfloat),
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET tea:1 price 10.50 name Assam
        (integer) 2
        > HINCRBYFLOAT tea:1 price 0.1
        "10.6"
        > HINCRBYFLOAT tea:1 weight 2.0e2
        "200"
        > HINCRBYFLOAT tea:1 name 1
        (error) ERR hash value is not a float
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    field: &'a [u8],
    increment: Extended,
}

fn hincrbyfloat(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const INFINITE: Error = Error::fixed("ERR value is NaN or Infinity");
    const NOT_FLOAT: Error = Error::fixed("ERR hash value is not a float");
    const NOT_FINITE: Error = Error::fixed("ERR increment would produce NaN or Infinity");
    if !args.increment.is_finite() {
        return Err(INFINITE);
    }
    let mut hash = txn.hash_or_new(&args.key)?;
    let value = match hash.read().get(args.field) {
        Some(value) => Extended::parse(value).ok_or(NOT_FLOAT)?,
        None => Extended::from(0),
    };
    let sum = value.checked_add(args.increment).ok_or(NOT_FINITE)?;
    let mut text = Vec::new();
    sum.write(&mut text);
    let is_timed = hash.read().deadline_ms(args.field).flatten().is_some();
    hash.set_value(args.field, &text);
    drop(hash);
    let (key, field) = (args.key.bytes, args.field);
    txn.did(|did| match is_timed {
        true => did.command([b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", field, &text]),
        false => did.command([b"HSET", key, field, &text]),
    });
    reply.bulk(&text);
    Ok(())
}
