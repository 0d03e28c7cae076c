//! LTRIM: cuts a list down to a part of it.

use super::range::clamp;
use crate::prelude::*;

command! {
    name: "ltrim",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements to be removed by the operation.",
    summary: "Removes elements from both ends of a list. Deletes the list if all elements were trimmed.",
    handler: Write(ltrim),
    examples: r#"
        > RPUSH events a b c d
        (integer) 4
        > LTRIM events -2 -1
        OK
        > LRANGE events 0 -1
        1) "c"
        2) "d"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    start: i64,
    stop: i64,
}

fn ltrim(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if let Some(mut list) = txn.list_mut(&args.key)? {
        let kept = clamp(args.start, args.stop, list.read().len());
        list.trim(kept);
    }
    reply.ok();
    Ok(())
}
