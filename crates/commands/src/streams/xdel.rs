//! XDEL: removes entries from a stream.

use super::id::Id;
use crate::prelude::*;

command! {
    name: "xdel",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
    summary: "Returns the number of messages after removing them from a stream.",
    handler: Write(xdel),
    flags: [Fast],
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XDEL readings 1-1 7-7
        (integer) 1
        > EXISTS readings
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    #[arg(name = "ID")]
    ids: Rest<'a, Many<Id>>,
}

fn xdel(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(mut stream) = txn.stream_mut(&args.key)? else {
        reply.integer(0);
        return Ok(());
    };
    let ids = args.ids.read()?;
    let removed = ids.iter().filter(|id| stream.remove(id.0)).count();
    if removed > 0 {
        stream.tell("xdel");
    }
    reply.integer(removed as i64);
    Ok(())
}
