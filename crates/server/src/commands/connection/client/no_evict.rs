//! CLIENT NO-EVICT: see its summary.

use commands::prelude::*;
use super::OnOff;
use crate::client::ClientFlag;
use crate::session::Session;

command! {
    name: "client|no-evict",
    group: Connection,
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Sets the client eviction mode of the connection.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT NO-EVICT ON
        OK
    "#,
}

#[derive(Args)]
pub struct Args {
    enabled: OnOff,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    session.client.set(ClientFlag::NoEvict, args.enabled.is_on());
    reply.ok();
    Ok(())
}
