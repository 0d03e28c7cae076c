//! CLIENT PAUSE: see its summary.

use commands::prelude::*;

use crate::pause::Scope;
use crate::session::Session;

command! {
    name: "client|pause",
    group: Connection,
    since: "3.0.0",
    complexity: "O(1)",
    summary: "Suspends commands processing.",
    handler: Session,
    flags: [Admin, NoScript, Loading, Stale],
    examples: r#"
        > CLIENT PAUSE 20 WRITE
        OK
        > CLIENT PAUSE 20 NOW
        (error) ERR CLIENT PAUSE mode must be WRITE or ALL
    "#,
}

#[derive(Args)]
pub struct Args {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<2>,
    timeout: Timeout,
    mode: Option<Mode>,
}

/// Milliseconds. It is read as words of its own, so that the mode is found wrong first.
#[derive(Clone, Copy)]
pub struct Timeout(u64);

/// What waits.
pub struct Mode(Scope);

impl<'a> Parse<'a> for Timeout {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_A_TIME: Error = Error::fixed("ERR timeout is not an integer or out of range");
        let word = parser.next()?;
        if let Some(mode) = parser.peek() {
            Mode::scope(mode)?;
        }
        let timeout_ms = base::number::parse_i64(word).ok_or(NOT_A_TIME)?;
        u64::try_from(timeout_ms).map(Timeout).map_err(|_| Error::fixed("ERR timeout is negative"))
    }
}

impl Mode {
    fn scope(word: &[u8]) -> Result<Scope> {
        match word.to_ascii_lowercase().as_slice() {
            b"write" => Ok(Scope::Writes),
            b"all" => Ok(Scope::All),
            _ => Err(Error::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        }
    }
}

impl<'a> Parse<'a> for Mode {
    const SPEC: Spec = Spec::one_of(&[
        Spec::TOKEN.named("write").with_token("WRITE"),
        Spec::TOKEN.named("all").with_token("ALL"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Mode::scope(parser.next()?).map(Mode)
    }
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let now_ms = crate::clock::unix_ms();
    let end_ms = now_ms.checked_add(args.timeout.0).filter(|end_ms| i64::try_from(*end_ms).is_ok());
    let end_ms = end_ms.ok_or(Error::fixed("ERR timeout is out of range"))?;
    let scope = args.mode.map_or(Scope::All, |mode| mode.0);
    // The clock was cut to whole milliseconds, and nobody is to wait for less than was asked.
    session.server.pause.begin(scope, end_ms + 1, now_ms, &session.server.attention);
    reply.ok();
    Ok(())
}
