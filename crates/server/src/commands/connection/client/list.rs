//! CLIENT LIST: see its summary.

use commands::prelude::*;
use super::ClientType;
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
    filter: Option<Filter>,
}

/// Which clients.
#[derive(Args)]
pub enum Filter {
    /// Those of a type.
    #[arg(token = "TYPE", name = "client-type")]
    Type(ClientType),
    /// Those with these ids, in this order.
    #[arg(token = "ID", name = "client-id")]
    Ids(Many<Id>),
}

/// A number that may be a client's.
pub struct Id(i64);

impl<'a> Parse<'a> for Id {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let id = base::number::parse_i64(parser.next()?);
        id.map(Id).ok_or(Error::fixed("ERR Invalid client ID"))
    }
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let clients = &session.server.clients;
    let listed = match args.filter {
        None => clients.all(),
        Some(Filter::Type(kind)) => clients.all().into_iter().filter(|client| kind.is_of(client)).collect(),
        Some(Filter::Ids(ids)) => {
            let find = |id: &Id| clients.find(u64::try_from(id.0).ok()?);
            ids.iter().filter_map(find).collect()
        }
    };
    let mut lines = String::new();
    for client in listed.iter().filter(|client| !client.is_leaving()) {
        lines.push_str(&super::describe(client, &session.server));
        lines.push('\n');
    }
    reply.verbatim("txt", lines.as_bytes());
    Ok(())
}
