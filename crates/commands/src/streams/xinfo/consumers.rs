//! XINFO CONSUMERS: see its summary.


use super::super::group::find_group;
use super::name;
use crate::prelude::*;

command! {
    name: "xinfo|consumers",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Returns a list of the consumers in a consumer group.",
    handler: Read(run),
    examples: r#"
        > XGROUP CREATE jobs workers $ MKSTREAM
        OK
        > XINFO CONSUMERS jobs workers
        (empty array)
        > XGROUP CREATECONSUMER jobs workers ann
        (integer) 1
        > XINFO CONSUMERS jobs workers
        1) 1) "name"
           2) "ann"
           3) "pending"
           4) (integer) 0
           5) "idle"
           6) (integer) 0
           7) "inactive"
           8) (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    group: &'a [u8],
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let stream = view.stream(&args.key)?.ok_or(Error::NoSuchKey)?;
    let group = find_group(stream.groups(), &args.key, args.group)?;
    let now_ms = view.now_ms();
    reply.array(stream.groups().group(group).consumers);
    stream.groups().visit_consumers(group, &mut |consumer_name, _, consumer| {
        reply.map(4);
        name("name", reply);
        reply.bulk(consumer_name);
        name("pending", reply);
        reply.integer(consumer.pending as i64);
        name("idle", reply);
        reply.integer(now_ms.saturating_sub(consumer.seen_ms) as i64);
        name("inactive", reply);
        reply.integer(consumer.active_ms.map_or(-1, |active_ms| now_ms.saturating_sub(active_ms) as i64));
    });
    Ok(())
}
