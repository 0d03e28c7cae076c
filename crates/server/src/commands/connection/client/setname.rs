//! CLIENT SETNAME: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|setname",
    group: Connection,
    since: "2.6.9",
    complexity: "O(1)",
    summary: "Sets the connection name.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT SETNAME worker-7
        OK
        > CLIENT GETNAME
        "worker-7"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    connection_name: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    set_name(session, args.connection_name)?;
    reply.ok();
    Ok(())
}

/// Names the client. A name is one printable word, so that `CLIENT LIST` can be read by programs.
pub(in crate::commands::connection) fn set_name(session: &Session, name: &[u8]) -> Result<()> {
    if !super::is_word(name) {
        return Err(Error::fixed("ERR Client names cannot contain spaces, newlines or special characters."));
    }
    session.client.about.lock().name = name.to_vec();
    Ok(())
}
