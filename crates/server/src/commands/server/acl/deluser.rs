//! ACL DELUSER: see its summary.

use std::sync::Arc;

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|deluser",
    group: Server,
    since: "6.0.0",
    complexity: "O(1) amortized time considering the typical user.",
    summary: "Deletes ACL users, and terminates their connections.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL DELUSER nobody
        (integer) 0
        > ACL DELUSER default
        (error) ERR The 'default' user cannot be removed
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "username")]
    names: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.names.contains(&&b"default"[..]) {
        return Err(Error::fixed("ERR The 'default' user cannot be removed"));
    }
    let server = Arc::clone(&session.server);
    let mut deleted = 0;
    for account in args.names.iter().filter_map(|name| server.users.delete(name)) {
        server.end_clients_of(&account, Some(&session.client));
        deleted += 1;
    }
    reply.integer(deleted);
    Ok(())
}
