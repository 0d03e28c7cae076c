//! CLIENT GETNAME: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|getname",
    group: Connection,
    since: "2.6.9",
    complexity: "O(1)",
    summary: "Returns the name of the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT GETNAME
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let about = session.client.about.lock();
    if about.name.is_empty() { reply.null() } else { reply.bulk(&about.name) }
    Ok(())
}
