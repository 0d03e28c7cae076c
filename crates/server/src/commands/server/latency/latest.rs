//! LATENCY LATEST: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "latency|latest",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Returns the latest latency samples for all events.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY LATEST
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let events = session.server.latency.events();
    reply.array(events.len());
    for (name, event) in events {
        let last = event.samples.back();
        reply.array(4);
        reply.bulk(name.as_bytes());
        reply.integer(last.map_or(0, |sample| sample.at_s) as i64);
        reply.integer(last.map_or(0, |sample| sample.took_ms) as i64);
        reply.integer(event.longest_ms as i64);
    }
    Ok(())
}
