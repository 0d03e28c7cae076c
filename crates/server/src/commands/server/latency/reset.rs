//! LATENCY RESET: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "latency|reset",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Resets the latency data for one or more events.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY RESET
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "event")]
    events: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let names = args.events.unwrap_or_default();
    reply.integer(session.server.latency.reset(&names) as i64);
    Ok(())
}
