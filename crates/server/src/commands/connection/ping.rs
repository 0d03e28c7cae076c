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
    message: Option<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if session.subscriptions.any() && session.version == resp::Version::Resp2 {
        reply.array(2);
        reply.bulk(b"pong");
        reply.bulk(args.message.unwrap_or_default());
        return Ok(());
    }
    match args.message {
        Some(message) => reply.bulk(message),
        None => reply.simple("PONG"),
    }
    Ok(())
}
