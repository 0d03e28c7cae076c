//! OBJECT FREQ: see its summary.

use crate::prelude::*;

command! {
    name: "object|freq",
    group: Generic,
    since: "4.0.0",
    complexity: "O(1)",
    summary: "Returns the logarithmic access frequency counter of a key.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > OBJECT FREQ count
        (error) ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
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
    let counting = view.context().counting.ok_or(Error::fixed(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
         between policies at runtime LRU and LFU data will take some time to adjust.",
    ))?;
    reply.integer(i64::from(entry.accessed().frequency(view.now_ms(), counting)));
    Ok(())
}
