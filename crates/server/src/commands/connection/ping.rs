//! PING: is the server there?

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "ping",
    group: Connection,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the server's liveliness response.",
    handler: Session,
    flags: [Fast],
    examples: r#"
        > PING
        PONG
        > PING hello
        "hello"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    message: Option<Message<'a>>,
}

/// The last word of the request: a further one is too many.
pub struct Message<'a>(&'a [u8]);

impl<'a> Parse<'a> for Message<'a> {
    const SPEC: Spec = <&[u8]>::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let word = parser.next()?;
        if parser.remaining() == 0 { Ok(Message(word)) } else { Err(Error::WrongArity) }
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let message = args.message.map(|message| message.0);
    if session.subscriptions.any() && session.version == resp::Version::Resp2 {
        reply.array(2);
        reply.bulk(b"pong");
        reply.bulk(message.unwrap_or_default());
        return Ok(());
    }
    match message {
        Some(message) => reply.bulk(message),
        None => reply.simple("PONG"),
    }
    Ok(())
}
