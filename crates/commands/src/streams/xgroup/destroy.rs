//! XGROUP DESTROY: see its summary.


use super::NO_STREAM;
use crate::prelude::*;

command! {
    name: "xgroup|destroy",
    group: Stream,
    since: "5.0.0",
    complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
    summary: "Destroys a consumer group.",
    handler: Write(run),
    examples: r#"
        > XGROUP CREATE jobs workers $ MKSTREAM
        OK
        > XGROUP DESTROY jobs workers
        (integer) 1
        > XGROUP DESTROY jobs workers
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    group: &'a [u8],
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut stream = txn.stream_mut(&args.key)?.ok_or(NO_STREAM)?;
    let group = stream.read().groups().find(args.group);
    if let Some(group) = group {
        stream.groups().remove(args.group, group);
        // Those who wait within the group learn that it is gone.
        stream.note_change();
        stream.tell("xgroup-destroy");
    }
    reply.integer(i64::from(group.is_some()));
    Ok(())
}
