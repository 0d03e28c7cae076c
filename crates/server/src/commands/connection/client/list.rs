//! CLIENT LIST: see its summary.

use commands::prelude::*;
use super::{ClientId, ClientType};
use crate::session::Session;

command! {
    name: "client|list",
    group: Connection,
    since: "2.4.0",
    complexity: "O(N) where N is the number of client connections",
    summary: "Lists open connections.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT LIST ID 1000000
        ""
    "#,
}

#[derive(Args)]
pub struct Args {
    #[arg(token = "TYPE")]
    client_type: Option<ClientType>,
    #[arg(token = "ID", name = "client-id")]
    ids: Option<Many<ClientId>>,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let mut lines = String::new();
    for client in session.server.clients.all() {
        let is_listed = args.ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id.0 == client.id))
            && args.client_type.is_none_or(|kind| kind.is_of(&client));
        if is_listed {
            lines.push_str(&super::describe(&client, &session.server));
            lines.push('\n');
        }
    }
    reply.verbatim("txt", lines.as_bytes());
    Ok(())
}
