//! OBJECT IDLETIME: see its summary.

use crate::prelude::*;

command! {
    name: "object|idletime",
    group: Generic,
    since: "2.2.3",
    complexity: "O(1)",
    summary: "Returns the time since the last access to a key, in seconds.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > OBJECT IDLETIME count
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(entry) = view.peek(&args.key) else {
        reply.null();
        return Ok(());
    };
    if view.context().counting.is_some() {
        return Err(Error::fixed(
            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
             policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    reply.integer(entry.accessed().idle_seconds(view.now_ms()) as i64);
    Ok(())
}
