//! ROLE: see its summary.

use commands::prelude::*;

use crate::replication::{LinkState, Stage};
use crate::session::Session;

command! {
    name: "role",
    group: Server,
    since: "2.8.12",
    complexity: "O(1)",
    summary: "Returns the replication role.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, Dangerous],
    examples: r#"
        > ROLE
        1) "master"
        2) (integer) 0
        3) (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let replication = &session.server.replication;
    let offset = replication.feed.offset();
    if let Some(following) = replication.following() {
        reply.array(5);
        reply.bulk(b"slave");
        reply.bulk(following.primary.host.as_bytes());
        reply.integer(following.primary.port.into());
        reply.bulk(following.link.name().as_bytes());
        reply.integer(if following.link == LinkState::Connected { offset as i64 } else { -1 });
        return Ok(());
    }
    let replicas = replication.feed.replicas();
    let online = replicas.iter().filter(|replica| replica.stage() == Stage::Online);
    reply.array(3);
    reply.bulk(b"master");
    reply.integer(offset as i64);
    reply.array(online.clone().count());
    for replica in online {
        reply.array(3);
        reply.bulk(replica.address().as_bytes());
        reply.bulk(replica.greeting.listening_port.to_string().as_bytes());
        reply.bulk(replica.acknowledged().to_string().as_bytes());
    }
    Ok(())
}
