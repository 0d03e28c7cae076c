//! INCRBYFLOAT: adds a number with a fraction.

use base::number::Extended;
use values::string::Digits;

use super::expiry::did_set;
use crate::prelude::*;

command! {
    name: "incrbyfloat",
    group: String,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
    handler: Write(incrbyfloat),
    flags: [DenyOom, Fast],
    examples: r#"
        > SET price 10.50
        OK
        > INCRBYFLOAT price 0.1
        "10.6"
        > INCRBYFLOAT price -5
        "5.6"
        > SET price 5.0e3
        OK
        > INCRBYFLOAT price 2.0e2
        "5200"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    increment: Later<'a, Extended>,
}

fn incrbyfloat(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NOT_FINITE: Error = Error::fixed("ERR increment would produce NaN or Infinity");
    let value = match txn.string_mut(&args.key)? {
        Some(string) => Extended::parse(string.read().bytes(&mut Digits::new())).ok_or(Error::NotFloat)?,
        None => Extended::from(0),
    };
    let sum = value.checked_add(args.increment.read()?).ok_or(NOT_FINITE)?;
    let mut text = Vec::new();
    sum.write(&mut text);
    let before = txn.changes();
    txn.set_bytes(&args.key, &text, Deadline::Keep);
    did_set(txn, before, &args.key, &text, Deadline::Keep);
    reply.bulk(&text);
    Ok(())
}
