//! QUIT: closes the connection.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "quit",
    group: Connection,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Closes the connection.",
    handler: Session,
    flags: [AllowBusy, Fast, Loading, NoAuth, NoScript, Stale],
    examples: r#"
        > QUIT
        OK
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "ignored")]
    _ignored: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, _: Args<'_>, reply: &mut Reply) -> Result<()> {
    session.client.close_after_reply();
    reply.ok();
    Ok(())
}
