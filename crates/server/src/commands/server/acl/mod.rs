//! ACL: who there is, and what each may do.

pub(super) mod cat;
pub(super) mod deluser;
pub(super) mod dryrun;
pub(super) mod genpass;
pub(super) mod getuser;
pub(super) mod help;
pub(super) mod list;
pub(super) mod load;
pub(super) mod log;
pub(super) mod save;
pub(super) mod setuser;
pub(super) mod users;
pub(super) mod whoami;

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl",
    group: Server,
    since: "6.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for Access List Control commands.",
    handler: Container,
    subcommands: [
        cat::COMMAND,
        deluser::COMMAND,
        dryrun::COMMAND,
        genpass::COMMAND,
        getuser::COMMAND,
        help::COMMAND,
        list::COMMAND,
        load::COMMAND,
        log::COMMAND,
        save::COMMAND,
        setuser::COMMAND,
        users::COMMAND,
        whoami::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}

/// The file of users, which only some servers have.
fn file(session: &Session) -> Result<std::path::PathBuf> {
    let file = session.server.settings().security.aclfile.clone();
    if file.as_os_str().is_empty() {
        return Err(Error::fixed(
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL \
             SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order \
             to store users in the Redis configuration.",
        ));
    }
    Ok(file)
}
