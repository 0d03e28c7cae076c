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
    #[arg(name = "")]
    typed: Typed<'a>,
    #[arg(name = "username")]
    first: &'a [u8],
    #[arg(name = "password")]
    second: Option<&'a [u8]>,
}

/// No word, but how the command was called.
pub(super) struct Typed<'a>(&'a [u8]);

impl<'a> Parse<'a> for Typed<'a> {
    const SPEC: Spec = Spec::block(&[]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Typed(parser.name()))
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let (user, password) = match args.second {
        Some(password) => (args.first, password),
        None => (&b"default"[..], args.first),
    };
    if args.second.is_none() && session.server.users.default_account().user().needs_no_password() {
        return Err(Error::fixed(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
             configuration is correct?",
        ));
    }
    authenticate(session, &args.typed, user, password)?;
    reply.ok();
    Ok(())
}

/// Lets the client in if the password is right.
pub(super) fn authenticate(
    session: &mut Session,
    typed: &Typed<'_>,
    user: &[u8],
    password: &[u8],
) -> Result<()> {
    let account = session.server.users.authenticate(user, password);
    if account.is_some_and(|account| session.log_in(account)) {
        return Ok(());
    }
    session.server.note_failed_login(session, typed.0, user);
    Err(Error::fixed("WRONGPASS invalid username-password pair or user is disabled."))
}
