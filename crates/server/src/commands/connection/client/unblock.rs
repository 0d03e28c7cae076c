//! CLIENT UNBLOCK: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|unblock",
    group: Connection,
    since: "5.0.0",
    complexity: "O(log N) where N is the number of client connections",
    summary: "Unblocks a client blocked by a blocking command from a different connection.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT UNBLOCK 1000000
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<2>,
    client_id: Id,
    unblock_type: Option<How>,
}

/// A number that may be a client's. The word behind it is found wrong first.
pub struct Id(i64);

impl<'a> Parse<'a> for Id {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let word = parser.next()?;
        if let Some(how) = parser.peek() {
            How::read(how)?;
        }
        base::number::parse_i64(word).map(Id).ok_or(Error::NotInteger)
    }
}

/// How the wait ends.
pub enum How {
    Timeout,
    Error,
}

impl How {
    fn read(word: &[u8]) -> Result<How> {
        match word.to_ascii_lowercase().as_slice() {
            b"timeout" => Ok(How::Timeout),
            b"error" => Ok(How::Error),
            _ => Err(Error::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
        }
    }
}

impl<'a> Parse<'a> for How {
    const SPEC: Spec = Spec::one_of(&[
        Spec::TOKEN.named("timeout").with_token("TIMEOUT"),
        Spec::TOKEN.named("error").with_token("ERROR"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        How::read(parser.next()?)
    }
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let id = u64::try_from(args.client_id.0).unwrap_or(0);
    let did = session.server.unblock(id, matches!(args.unblock_type, Some(How::Error)));
    reply.integer(i64::from(did));
    Ok(())
}
