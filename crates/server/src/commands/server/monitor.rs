//! MONITOR: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "monitor",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Listens for all requests received by the server in real-time.",
    handler: Admin,
    flags: [NoScript, Loading, Stale, NoMulti],
    examples: r#"
        > MONITOR
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    server.monitors.join(&session.client, &server.attention);
    reply.ok();
    Ok(())
}
