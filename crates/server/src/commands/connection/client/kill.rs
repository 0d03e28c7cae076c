//! CLIENT KILL: see its summary.

use std::sync::Arc;

use acl::Account;
use commands::prelude::*;
use commands::args::Kind;

use super::{ClientId, ClientType, YesNo};
use crate::client::Client;
use crate::session::Session;

command! {
    name: "client|kill",
    group: Connection,
    since: "2.4.0",
    complexity: "O(N) where N is the number of client connections",
    summary: "Terminates open connections.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT KILL ID 1000000
        (integer) 0
        > CLIENT KILL MAXAGE 1000000
        (integer) 0
        > CLIENT KILL 1.2.3.4:5
        (error) ERR No such client
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    filter: Filter<'a>,
}

/// Which clients.
pub enum Filter<'a> {
    /// The one at this address.
    Address(&'a [u8]),
    /// Those to which all of these apply.
    All(Vec<Condition<'a>>),
}

/// One filter.
#[derive(Args)]
pub enum Condition<'a> {
    /// By its id.
    #[arg(token = "ID", name = "client-id")]
    Id(ClientId),
    /// By its type.
    #[arg(token = "TYPE")]
    Type(ClientType),
    /// By its user.
    #[arg(token = "USER", name = "username")]
    User(&'a [u8]),
    /// By where it connects from.
    #[arg(token = "ADDR", name = "addr")]
    Address(&'a [u8]),
    /// By where it connected to.
    #[arg(token = "LADDR", name = "laddr")]
    LocalAddress(&'a [u8]),
    /// By how many seconds it has been connected, at least.
    #[arg(token = "MAXAGE", name = "maxage")]
    MaxAge(MaxAge),
    /// Whether to pass over the one who asks.
    #[arg(token = "SKIPME", name = "skipme")]
    SkipMe(YesNo),
}

/// A number of seconds.
pub struct MaxAge(u64);

impl<'a> Parse<'a> for MaxAge {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_INTEGER: Error = Error::fixed("ERR maxage is not an integer or out of range");
        const NOT_POSITIVE: Error = Error::fixed("ERR maxage should be greater than 0");
        match base::number::parse_i64(parser.next()?).ok_or(NOT_INTEGER)? {
            age @ 1.. => Ok(MaxAge(age.unsigned_abs())),
            _ => Err(NOT_POSITIVE),
        }
    }
}

impl<'a> Parse<'a> for Filter<'a> {
    const SPEC: Spec = Spec::one_of(&[
        Spec::of(Kind::String).named("old-format"),
        Spec { multiple: true, ..Condition::SPEC }.named("new-format"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() == 1 {
            return Ok(Filter::Address(parser.next()?));
        }
        let mut conditions = Vec::new();
        while parser.remaining() > 0 {
            conditions.push(Condition::parse(parser)?);
        }
        Ok(Filter::All(conditions))
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let me = session.client.id;
    let clients = session.server.clients.all();
    match args.filter {
        Filter::Address(address) => {
            let found = clients.iter().find(|client| client.address.as_bytes() == address);
            let client = found.ok_or(Error::fixed("ERR No such client"))?;
            session.server.clients.end(client, Some(me));
            reply.ok();
        }
        Filter::All(conditions) => {
            let skip_me = conditions.iter().rev().find_map(|condition| match condition {
                Condition::SkipMe(answer) => Some(answer.is_yes()),
                _ => None,
            });
            let account = conditions.iter().rev().find_map(|condition| match condition {
                Condition::User(name) => Some(named(session, name)),
                _ => None,
            });
            let account = account.transpose()?;
            let applies = |client: &Client| {
                account.as_ref().is_none_or(|account| client.is_of(account))
                    && conditions.iter().all(|condition| condition.applies(client))
            };
            let mut ended = 0;
            for client in clients.iter().filter(|client| applies(client)) {
                if client.id != me || !skip_me.unwrap_or(true) {
                    session.server.clients.end(client, Some(me));
                    ended += 1;
                }
            }
            reply.integer(ended);
        }
    }
    Ok(())
}

impl Condition<'_> {
    fn applies(&self, client: &Client) -> bool {
        match self {
            Condition::Id(id) => client.id == id.0,
            Condition::Type(kind) => kind.is_of(client),
            Condition::Address(address) => client.address.as_bytes() == *address,
            Condition::LocalAddress(address) => client.local_address.as_bytes() == *address,
            Condition::MaxAge(seconds) => {
                crate::clock::unix_ms().saturating_sub(client.created_ms) / 1000 >= seconds.0
            }
            // These are about all of them.
            Condition::User(_) | Condition::SkipMe(_) => true,
        }
    }
}

/// The account of the user of this name.
fn named(session: &Session, name: &[u8]) -> Result<Arc<Account>> {
    let account = session.server.users.find(name);
    account.ok_or_else(|| Error::new(format_args!("No such user '{}'", shown(name))))
}
