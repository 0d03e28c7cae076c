//! APPEND: adds to the end of a string.

use super::value::check_len;
use crate::prelude::*;

command! {
    name: "append",
    group: String,
    since: "2.0.0",
    complexity: "O(1) amortized, for a value of any length: the string grows by steps that are in proportion to it.",
    summary: "Appends a string to the value of a key. Creates the key if it doesn't exist.",
    handler: Write(append),
    flags: [DenyOom, Fast],
    examples: r#"
        > APPEND log "started; "
        (integer) 9
        > APPEND log "ready"
        (integer) 14
        > GET log
        "started; ready"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    value: &'a [u8],
}

fn append(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let bytes_max = txn.limits().string_bytes_max;
    if let Some(mut string) = txn.string_mut(&args.key)? {
        let len = check_len(string.read().len(), args.value.len(), bytes_max)?;
        string.edit(|buffer| {
            let end = buffer.bytes().len();
            buffer.splice(end, 0, args.value.len()).copy_from_slice(args.value);
            true
        });
        reply.integer(len as i64);
        return Ok(());
    }
    txn.set_string(&args.key, args.value, Deadline::Never);
    reply.integer(args.value.len() as i64);
    Ok(())
}
