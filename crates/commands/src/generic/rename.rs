//! RENAME: a key under another name.

use keyspace::EventClasses;

use crate::prelude::*;

command! {
    name: "rename",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Renames a key and overwrites the destination.",
    handler: Write(run),
    examples: r#"
        > SET draft text
        OK
        > RENAME draft final
        OK
        > GET final
        "text"
        > RENAME draft final
        (error) ERR no such key
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    #[arg(access = "OW UPDATE")]
    newkey: Key<'a>,
}

/// Gives the key another name, in place of what is called so.
pub fn rename(txn: &mut WriteTxn<'_>, from: &Key<'_>, to: &Key<'_>) -> Result<()> {
    txn.call_changes("");
    let entry = txn.take(from).ok_or(Error::NoSuchKey)?;
    txn.remove(to);
    txn.insert(to, entry.with_key(to.bytes));
    txn.tell(EventClasses::GENERIC, "rename_from", from);
    txn.tell(EventClasses::GENERIC, "rename_to", to);
    Ok(())
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.key.bytes == args.newkey.bytes {
        txn.peek(&args.key).ok_or(Error::NoSuchKey)?;
    } else {
        rename(txn, &args.key, &args.newkey)?;
    }
    reply.ok();
    Ok(())
}
