//! XGROUP DELCONSUMER: see its summary.


use super::super::group::find_group;
use super::NO_STREAM;
use crate::prelude::*;

command! {
    name: "xgroup|delconsumer",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Deletes a consumer from a consumer group.",
    handler: Write(run),
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        *
        > XGROUP DELCONSUMER jobs workers ann
        (integer) 1
        > XPENDING jobs workers - + 10
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    group: &'a [u8],
    consumer: &'a [u8],
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut stream = txn.stream_mut(&args.key)?.ok_or(NO_STREAM)?;
    let group = find_group(stream.read().groups(), &args.key, args.group)?;
    let consumer = stream.read().groups().find_consumer(group, args.consumer);
    let pending = consumer.map_or(0, |consumer| stream.read().groups().consumer(group, consumer).1.pending);
    if let Some(consumer) = consumer {
        stream.groups().remove_consumer(group, consumer);
        stream.count_changes(1);
        stream.tell("xgroup-delconsumer");
    }
    reply.integer(pending as i64);
    Ok(())
}
