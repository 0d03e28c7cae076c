//! RENAME: a key under another name.

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

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.key.bytes == args.newkey.bytes {
        txn.peek(&args.key).ok_or(Error::NoSuchKey)?;
    } else {
        txn.call_changes_generic("rename_from");
        let entry = txn.take(&args.key).ok_or(Error::NoSuchKey)?;
        txn.call_changes_generic("rename_to");
        txn.insert(&args.newkey, entry.with_key(args.newkey.bytes));
    }
    reply.ok();
    Ok(())
}
