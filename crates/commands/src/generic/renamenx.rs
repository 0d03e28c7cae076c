//! RENAMENX: a key under another name, if that is free.

use super::rename::rename;
use crate::prelude::*;

command! {
    name: "renamenx",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Renames a key only when the target key name does not exist.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > MSET a 1 b 2
        OK
        > RENAMENX a b
        (integer) 0
        > RENAMENX a c
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    #[arg(access = "OW INSERT")]
    newkey: Key<'a>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.peek(&args.key).ok_or(Error::NoSuchKey)?;
    let is_free = txn.peek(&args.newkey).is_none();
    if is_free {
        rename(txn, &args.key, &args.newkey)?;
    }
    reply.integer(i64::from(is_free));
    Ok(())
}
