//! ACL LOG: see its summary.

use acl::Entry;
use commands::args::Kind;
use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|log",
    group: Server,
    since: "6.0.0",
    complexity: "O(N) with N being the number of entries shown.",
    summary: "Lists recent security events generated due to ACL rules.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > AUTH ann wrong
        (error) WRONGPASS invalid username-password pair or user is disabled.
        > ACL LOG 1
        *
        > ACL LOG RESET
        OK
    "#,
}

#[derive(Args)]
pub struct Args {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<1>,
    operation: Option<Operation>,
}

/// What to do.
pub enum Operation {
    /// To show so many entries.
    Show(usize),
    /// To forget all.
    Reset,
}

impl<'a> Parse<'a> for Operation {
    const SPEC: Spec = Spec::one_of(&[
        Spec::of(Kind::Integer).named("count"),
        Spec::TOKEN.named("reset").with_token("RESET"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.peek().is_some_and(|word| word.eq_ignore_ascii_case(b"RESET")) {
            parser.skip();
            return Ok(Operation::Reset);
        }
        Ok(Operation::Show(usize::try_from(i64::parse(parser)?).unwrap_or(0)))
    }
}

/// How many are shown unless the client says.
const SHOWN: usize = 10;

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let denials = &session.server.denials;
    let count = match args.operation {
        Some(Operation::Reset) => {
            denials.clear();
            reply.ok();
            return Ok(());
        }
        Some(Operation::Show(count)) => count,
        None => SHOWN,
    };
    let entries = denials.newest(count);
    let now_ms = crate::clock::unix_ms();
    reply.array(entries.len());
    entries.iter().for_each(|entry| reply_entry(entry, now_ms, reply));
    Ok(())
}

fn reply_entry(entry: &Entry, now_ms: u64, reply: &mut Reply) {
    let incident = &entry.incident;
    reply.map(10);
    reply.bulk(b"count");
    reply.integer(entry.count as i64);
    for (name, value) in [
        ("reason", incident.kind.name().as_bytes()),
        ("context", incident.context.name().as_bytes()),
        ("object", &incident.object),
        ("username", &incident.user),
    ] {
        reply.bulk(name.as_bytes());
        reply.bulk(value);
    }
    reply.bulk(b"age-seconds");
    reply.double(now_ms.saturating_sub(incident.at_ms) as f64 / 1000.0);
    reply.bulk(b"client-info");
    reply.bulk(incident.client.as_bytes());
    for (name, number) in [
        ("entry-id", entry.id),
        ("timestamp-created", entry.created_ms),
        ("timestamp-last-updated", incident.at_ms),
    ] {
        reply.bulk(name.as_bytes());
        reply.integer(number as i64);
    }
}
