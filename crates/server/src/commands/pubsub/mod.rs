//! Commands on channels.

crate::commands::session_family! {
    psubscribe,
    publish,
    pubsub { channels, help, numpat, numsub, shardchannels, shardnumsub },
    punsubscribe,
    spublish,
    ssubscribe,
    subscribe,
    sunsubscribe,
    unsubscribe,
}

use ::commands::prelude::*;

use crate::attention::Concern;
use crate::pubsub::Kind;
use crate::session::Session;

/// Listens to `names` and confirms each.
fn subscribe<'n>(
    session: &mut Session,
    kind: Kind,
    names: impl Iterator<Item = &'n [u8]>,
    reply: &mut Reply,
) -> Result<()> {
    let server = std::sync::Arc::clone(&session.server);
    for name in names {
        server.pubsub.subscribe(session, kind, name);
        confirm(session, kind.subscribed(), Some(name), kind, reply);
        // Whoever took the permission away in the meantime may have looked for listeners before this was one.
        let is_checked = server.attention.now().has(Concern::Users);
        if is_checked && !session.account.user().may_listen(name, kind == Kind::Pattern) {
            session.client.kill();
        }
    }
    Ok(())
}

/// Listens no more to `names`, or to anything of this kind, and confirms each.
fn unsubscribe(
    session: &mut Session,
    kind: Kind,
    names: Option<Vec<Box<[u8]>>>,
    reply: &mut Reply,
) -> Result<()> {
    let server = std::sync::Arc::clone(&session.server);
    let names = names.unwrap_or_else(|| session.subscriptions.names(kind));
    if names.is_empty() {
        confirm(session, kind.unsubscribed(), None, kind, reply);
    }
    for name in names {
        server.pubsub.unsubscribe(session, kind, &name);
        confirm(session, kind.unsubscribed(), Some(&name), kind, reply);
    }
    Ok(())
}

fn confirm(session: &Session, what: &str, name: Option<&[u8]>, kind: Kind, reply: &mut Reply) {
    reply.push(3);
    reply.bulk(what.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.integer(session.subscriptions.count(kind) as i64);
}
