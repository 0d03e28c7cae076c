//! HELLO: agrees on the version of the protocol.

use commands::prelude::*;
use commands::args::Kind;
use resp::Version;

use super::auth::{Typed, authenticate};
use super::client::setname::set_name;
use crate::session::Session;

command! {
    name: "hello",
    group: Connection,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Handshakes with the Redis server.",
    handler: Session,
    flags: [AllowBusy, Fast, Loading, NoAuth, NoScript, Stale],
    examples: r#"
        > HELLO 4
        (error) NOPROTO unsupported protocol version
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "")]
    typed: Typed<'a>,
    arguments: Option<Handshake<'a>>,
}

/// A version, and what may come with it.
pub struct Handshake<'a> {
    version: Version,
    user: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

impl<'a> Parse<'a> for Handshake<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::Integer).named("protover"),
        Spec { optional: true, ..Spec::block(&[
            Spec::of(Kind::String).named("username"),
            Spec::of(Kind::String).named("password"),
        ]) }
        .named("auth")
        .with_token("AUTH"),
        Spec { optional: true, ..Spec::of(Kind::String) }.named("clientname").with_token("SETNAME"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let version = base::number::parse_i64(parser.next()?)
            .ok_or(Error::fixed("ERR Protocol version is not an integer or out of range"))?;
        let version = match version {
            2 => Version::Resp2,
            3 => Version::Resp3,
            _ => return Err(Error::fixed("NOPROTO unsupported protocol version")),
        };
        let mut handshake = Handshake { version, user: None, name: None };
        while let Some(word) = parser.peek() {
            parser.skip();
            if word.eq_ignore_ascii_case(b"AUTH") && parser.remaining() >= 2 {
                handshake.user = Some((parser.next()?, parser.next()?));
            } else if word.eq_ignore_ascii_case(b"SETNAME") && parser.remaining() >= 1 {
                handshake.name = Some(parser.next()?);
            } else {
                let word = shown(word);
                return Err(Error::new(format_args!("Syntax error in HELLO option '{word}'")));
            }
        }
        Ok(handshake)
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if let Some(handshake) = &args.arguments {
        if let Some((user, password)) = handshake.user {
            authenticate(session, &args.typed, user, password)?;
        }
        if let Some(name) = handshake.name {
            set_name(session, name)?;
        }
    }
    if session.must_log_in() {
        return Err(Error::fixed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH \
             <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the \
             same time",
        ));
    }
    if let Some(handshake) = args.arguments {
        session.speak(handshake.version);
        reply.set_version(handshake.version);
    }
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(crate::REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.integer(if session.version == Version::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.integer(session.client.id as i64);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.empty_array();
    Ok(())
}
