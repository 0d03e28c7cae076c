//! XACK: what was delivered is done.


use super::group::{note_miss, stream_and_group};
use super::id::Id;
use crate::prelude::*;

command! {
    name: "xack",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1) for each message ID processed.",
    summary: "Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.",
    handler: Write(xack),
    flags: [Fast],
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        *
        > XACK jobs workers 1-1 7-7
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    group: &'a [u8],
    #[arg(name = "ID")]
    ids: Rest<'a, Many<Id>>,
}

fn xack(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some((mut stream, group)) = stream_and_group(txn, &args.key, args.group)? else {
        note_miss(txn, &args.key);
        reply.integer(0);
        return Ok(());
    };
    let ids = args.ids.read()?;
    let groups = stream.groups();
    let acknowledged = ids.iter().filter(|id| groups.remove_pending(group, id.0)).count();
    stream.count_changes(acknowledged as u64);
    reply.integer(acknowledged as i64);
    Ok(())
}
