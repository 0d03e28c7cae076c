//! XINFO GROUPS: see its summary.


use super::super::group::{Past, reply_known};
use super::super::id::reply_id;
use super::name;
use crate::prelude::*;

command! {
    name: "xinfo|groups",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Returns a list of the consumer groups of a stream.",
    handler: Read(run),
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XINFO GROUPS jobs
        1)  1) "name"
            2) "workers"
            3) "consumers"
            4) (integer) 0
            5) "pending"
            6) (integer) 0
            7) "last-delivered-id"
            8) "0-0"
            9) "entries-read"
           10) (nil)
           11) "lag"
           12) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let stream = view.stream(&args.key)?.ok_or(Error::NoSuchKey)?;
    let (groups, past) = (stream.groups(), Past::of(stream));
    reply.array(groups.count());
    groups.visit(&mut |group_name, number| {
        let group = groups.group(number);
        reply.map(6);
        name("name", reply);
        reply.bulk(group_name);
        name("consumers", reply);
        reply.integer(group.consumers as i64);
        name("pending", reply);
        reply.integer(group.pending as i64);
        name("last-delivered-id", reply);
        reply_id(group.progress.last_id, reply);
        name("entries-read", reply);
        reply_known(group.progress.entries_read.map(u64::cast_signed), reply);
        name("lag", reply);
        reply_known(past.lag(group.progress), reply);
    });
    Ok(())
}
