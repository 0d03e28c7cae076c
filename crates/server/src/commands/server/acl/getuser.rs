//! ACL GETUSER: see its summary.

use acl::Selector;
use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|getuser",
    group: Server,
    since: "6.0.0",
    complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
    summary: "Lists the ACL rules of a user.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL SETUSER ann on nopass +@read -hget ~cached:* (+set %W~new:*)
        OK
        > ACL GETUSER ann
         1) "flags"
         2) 1) "on"
            2) "nopass"
            3) "sanitize-payload"
         3) "passwords"
         4) (empty array)
         5) "commands"
         6) "-@all +@read -hget"
         7) "keys"
         8) "~cached:*"
         9) "channels"
        10) ""
        11) "selectors"
        12) 1) 1) "commands"
               2) "-@all +set"
               3) "keys"
               4) "%W~new:*"
               5) "channels"
               6) ""
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    username: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(account) = session.server.users.find(args.username) else {
        reply.null();
        return Ok(());
    };
    let user = account.user();
    reply.map(6);
    reply.bulk(b"flags");
    let flags = user.flags();
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"passwords");
    let hashes = user.password_hashes();
    reply.array(hashes.len());
    hashes.for_each(|hash| reply.bulk(hash.as_bytes()));
    reply_selector(user.root(), reply);
    reply.bulk(b"selectors");
    reply.array(user.further_selectors().len());
    for selector in user.further_selectors() {
        reply.map(3);
        reply_selector(selector, reply);
    }
    Ok(())
}

/// Three entries of a map.
fn reply_selector(selector: &Selector, reply: &mut Reply) {
    reply.bulk(b"commands");
    reply.bulk(&selector.command_rules());
    reply.bulk(b"keys");
    reply.bulk(&selector.key_rules());
    reply.bulk(b"channels");
    reply.bulk(&selector.channel_rules());
}
