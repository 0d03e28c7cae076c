//! ASKING, READONLY and READWRITE: what a client says to a node before its next request. As in Valkey, the latter two are
//! for any replica that a client has told that it may be sent elsewhere (`CLIENT CAPA REDIRECT`).

use commands::{Error, Result};
use resp::{Arguments, Reply};

use crate::client::ClientFlag;
use crate::session::Session;

/// READONLY
pub(super) fn read_here(session: &mut Session, arguments: Arguments<'_>, reply: &mut Reply) -> Result<()> {
    choose(session, arguments, reply, true)
}

/// READWRITE
pub(super) fn read_at_primary(
    session: &mut Session,
    arguments: Arguments<'_>,
    reply: &mut Reply,
) -> Result<()> {
    choose(session, arguments, reply, false)
}

fn choose(
    session: &mut Session,
    arguments: Arguments<'_>,
    reply: &mut Reply,
    reads_here: bool,
) -> Result<()> {
    if arguments.len() > 1 {
        return Err(Error::WrongArity);
    }
    session.client.set(ClientFlag::ReadOnly, reads_here);
    reply.ok();
    Ok(())
}

super::declare! {
    asking: "asking", since "3.0.0", "O(1)", [Fast],
        "Lets the next command have a slot that the node is about to take over."
        (pub struct Args {})

    readonly: "readonly", since "3.0.0", "O(1)", [Loading, Stale, Fast],
        "Enables read-only queries for a connection to a replica."
        (pub struct Args {})

    readwrite: "readwrite", since "3.0.0", "O(1)", [Loading, Stale, Fast],
        "Ends what READONLY has begun."
        (pub struct Args {})
}
