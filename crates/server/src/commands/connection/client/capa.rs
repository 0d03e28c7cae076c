//! CLIENT CAPA: see its summary.

use commands::prelude::*;

use crate::client::ClientFlag;
use crate::session::Session;

command! {
    name: "client|capa",
    group: Connection,
    since: "8.0.0",
    complexity: "O(1)",
    summary: "A client claims its capability: with REDIRECT, a replica answers what is for its primary with that one's address.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT CAPA REDIRECT
        OK
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "capability")]
    capabilities: Many<&'a [u8]>,
}

/// Those that are not known are passed over, since a client cannot know which server it talks to.
pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.capabilities.iter().any(|capability| capability.eq_ignore_ascii_case(b"redirect")) {
        session.client.set(ClientFlag::Redirect, true);
    }
    reply.ok();
    Ok(())
}
