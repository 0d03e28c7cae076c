//! XGROUP CREATECONSUMER: see its summary.


use super::super::group::find_group;
use super::NO_STREAM;
use crate::prelude::*;

command! {
    name: "xgroup|createconsumer",
    group: Stream,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Creates a consumer in a consumer group.",
    handler: Write(run),
    flags: [DenyOom],
    examples: r#"
        > XGROUP CREATE jobs workers $ MKSTREAM
        OK
        > XGROUP CREATECONSUMER jobs workers ann
        (integer) 1
        > XGROUP CREATECONSUMER jobs workers ann
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    group: &'a [u8],
    consumer: &'a [u8],
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let now_ms = txn.now_ms();
    let mut stream = txn.stream_mut(&args.key)?.ok_or(NO_STREAM)?;
    let group = find_group(stream.read().groups(), &args.key, args.group)?;
    let is_new = stream.read().groups().find_consumer(group, args.consumer).is_none();
    if is_new {
        stream.groups().create_consumer(group, args.consumer, now_ms);
        stream.count_changes(1);
        stream.tell("xgroup-createconsumer");
    }
    reply.integer(i64::from(is_new));
    Ok(())
}
