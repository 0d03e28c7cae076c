//! LATENCY HISTORY: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "latency|history",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Returns timestamp-latency samples for an event.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY HISTORY command
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    event: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let samples = session.server.latency.event(args.event).unwrap_or_default().samples;
    reply.array(samples.len());
    for sample in samples {
        reply.array(2);
        reply.integer(sample.at_s as i64);
        reply.integer(sample.took_ms as i64);
    }
    Ok(())
}
