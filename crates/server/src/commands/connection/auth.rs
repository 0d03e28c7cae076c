//! AUTH: proves who the client is.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "auth",
    group: Connection,
    since: "1.0.0",
    complexity: "O(N) where N is the number of passwords defined for the user",
    summary: "Authenticates the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, NoAuth, AllowBusy],
    examples: r#"
        > AUTH secret
        (error) ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "username")]
    first: &'a [u8],
    #[arg(name = "password")]
    second: Option<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let (user, password) = match args.second {
        Some(password) => (args.first, password),
        None => (&b"default"[..], args.first),
    };
    if args.second.is_none() && session.server.settings().security.requirepass.is_none() {
        return Err(Error::fixed(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
             configuration is correct?",
        ));
    }
    authenticate(session, user, password)?;
    reply.ok();
    Ok(())
}

/// Lets the client in if the password is right.
pub(super) fn authenticate(session: &mut Session, user: &[u8], password: &[u8]) -> Result<()> {
    let settings = session.server.settings();
    let is_right = match &settings.security.requirepass {
        Some(secret) => is_same(secret.reveal(), password),
        None => true,
    };
    if user != b"default" || !is_right {
        return Err(Error::fixed("WRONGPASS invalid username-password pair or user is disabled."));
    }
    session.is_authenticated = true;
    Ok(())
}

/// Compares in a time that does not tell where the first difference is.
fn is_same(secret: &[u8], given: &[u8]) -> bool {
    let differences = secret.iter().zip(given).fold(0, |differences, (left, right)| differences | (left ^ right));
    secret.len() == given.len() && differences == 0
}
