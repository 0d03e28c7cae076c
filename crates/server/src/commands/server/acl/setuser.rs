//! ACL SETUSER: see its summary.

use commands::prelude::*;

use crate::access::new_channels;
use crate::session::Session;

command! {
    name: "acl|setuser",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of rules provided.",
    summary: "Creates and modifies an ACL user and its rules.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL SETUSER ann on >secret +@read ~cached:*
        OK
        > AUTH ann secret
        OK
        > GET cached:1
        (nil)
        > GET other
        (error) NOPERM No permissions to access a key
        > SET cached:1 x
        (error) NOPERM User ann has no permissions to run the 'set' command
        > AUTH default ""
        OK
        > ACL SETUSER ann nosuch
        (error) ERR Error in ACL SETUSER modifier 'nosuch': Syntax error
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    username: &'a [u8],
    #[arg(name = "rule")]
    rules: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if !acl::is_name(args.username) {
        return Err(Error::fixed("ERR Usernames can't contain spaces or null characters"));
    }
    let server = &session.server;
    let new_channels = new_channels(&server.settings());
    let rules = args.rules.unwrap_or_default();
    let change = server.users.set(args.username, &rules, new_channels).map_err(Error::new)?;
    server.follow(&change, Some(&session.client));
    reply.ok();
    Ok(())
}
