//! COPY: the same value under another name.

use super::database::{SAME_OBJECT, database};

use crate::prelude::*;

command! {
    name: "copy",
    group: Generic,
    since: "6.2.0",
    complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
    summary: "Copies the value of a key to a new key.",
    handler: Write(run),
    flags: [DenyOom],
    examples: r#"
        > SET original text
        OK
        > COPY original backup
        (integer) 1
        > COPY original backup
        (integer) 0
        > COPY original backup REPLACE
        (integer) 1
        > COPY original original
        (error) ERR source and destination objects are the same
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO ACCESS")]
    source: Key<'a>,
    #[arg(access = "OW UPDATE")]
    destination: Key<'a>,
    #[arg(token = "DB", repeats, name = "destination-db")]
    database: Option<i32>,
    #[arg(token = "REPLACE")]
    replace: bool,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let target = args.database.map_or(Ok(txn.database()), |index| database(txn, index))?;
    if target == txn.database() && args.source.bytes == args.destination.bytes {
        return Err(SAME_OBJECT);
    }
    let is_free = args.replace || txn.peek_in(target, &args.destination).is_none();
    let copy = txn.peek(&args.source).filter(|_| is_free).map(|entry| entry.copy_to(args.destination.bytes));
    reply.integer(i64::from(copy.is_some()));
    if let Some(copy) = copy {
        txn.insert_in(target, &args.destination, copy);
    }
    Ok(())
}
