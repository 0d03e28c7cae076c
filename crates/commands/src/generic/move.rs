//! MOVE: a key into another database.

use keyspace::EventClasses;

use super::database::{SAME_OBJECT, database};
use super::restore::did_make;

use crate::prelude::*;

command! {
    name: "move",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Moves a key to another database.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > SET a 1
        OK
        > MOVE a 1
        (integer) 1
        > EXISTS a
        (integer) 0
        > MOVE a 0
        (error) ERR source and destination objects are the same
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    db: i32,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let target = database(txn, args.db)?;
    if target == txn.database() {
        return Err(SAME_OBJECT);
    }
    let is_free = txn.peek_in(target, &args.key).is_none();
    txn.call_changes("");
    let entry = if is_free { txn.take(&args.key) } else { None };
    reply.integer(i64::from(entry.is_some()));
    if let Some(entry) = entry {
        txn.insert_in(target, &args.key, entry);
        txn.tell(EventClasses::GENERIC, "move_from", &args.key);
        txn.tell_in(target, EventClasses::GENERIC, "move_to", &args.key);
        if txn.differ_in_keeping(txn.database(), target) {
            did_make(txn, target, &args.key);
            txn.did(|did| did.command([b"DEL", args.key.bytes]));
        }
    }
    Ok(())
}
