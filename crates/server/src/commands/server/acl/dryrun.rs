//! ACL DRYRUN: see its summary.

use commands::args::Kind;
use commands::prelude::*;
use resp::Arguments;

use crate::access;
use crate::session::Session;

command! {
    name: "acl|dryrun",
    group: Server,
    since: "7.0.0",
    complexity: "O(1).",
    summary: "Simulates the execution of a command by a user, without executing the command.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL SETUSER ann +get ~cached:*
        OK
        > ACL DRYRUN ann GET cached:1
        OK
        > ACL DRYRUN ann GET other
        "User ann has no permissions to access the 'other' key"
        > ACL DRYRUN ann SET cached:1 x
        "User ann has no permissions to run the 'set' command"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    username: &'a [u8],
    #[arg(name = "")]
    request: Request<'a>,
}

/// The request that is tried.
pub struct Request<'a>(Arguments<'a>);

impl<'a> Parse<'a> for Request<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::String).named("command"),
        Spec { optional: true, multiple: true, ..Spec::of(Kind::String) }.named("arg"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Request(parser.take_rest()))
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    let account = server.users.find(args.username);
    let account =
        account.ok_or_else(|| Error::new(format_args!("User '{}' not found", shown(args.username))))?;
    let request = args.request.0;
    let command = request.get(0).unwrap_or_default();
    let unknown = || Error::new(format_args!("Command '{}' not found", shown(command)));
    let mut entry = server.table.find(command).ok_or_else(unknown)?;
    if let Some(word) = request.get(1)
        && !entry.command.subcommands.is_empty()
    {
        entry = server.table.find_subcommand(entry, word).ok_or_else(unknown)?;
    }
    if !entry.accepts(request.len()) {
        return Err(Error::Text(Error::WrongArity.text(entry.command.name)));
    }
    let user = account.user();
    match access::check(&user, entry, request) {
        Ok(()) => reply.ok(),
        Err(denial) => reply.bulk(access::full_reason(&user, entry, request, denial).as_bytes()),
    }
    Ok(())
}
