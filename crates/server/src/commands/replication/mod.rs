//! Commands on replication.

crate::commands::session_family! {
    psync,
    replconf,
    replicaof,
    slaveof,
    sync,
    wait,
    waitaof,
}

use std::sync::Arc;

use commands::{Command, Result};
use commands::prelude::*;
use config::Primary;

use crate::blocking::Waiter;
use crate::clock::unix_ms;
use crate::replication::Goal;
use crate::session::Session;

/// Whom to follow: a host and a port, or nobody.
pub struct Target(Option<Primary>);

impl<'a> Parse<'a> for Target {
    const SPEC: Spec = <&[u8]>::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let (host, port) = (parser.next()?, parser.next()?);
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            return Ok(Target(None));
        }
        let port = base::number::parse_i64(port).ok_or(Error::NotInteger)?;
        let port = u16::try_from(port).map_err(|_| Error::fixed("ERR Invalid master port"))?;
        let host = String::from_utf8(host.to_vec()).map_err(|_| Error::fixed("ERR Invalid host name"))?;
        Ok(Target(Some(Primary { host, port })))
    }
}

/// Makes the server follow another one, or nobody.
fn replicate(session: &mut Session, target: Target, reply: &mut Reply) -> Result<()> {
    let server = Arc::clone(&session.server);
    let Target(primary) = target;
    if session.replica.is_some() {
        return Err(Error::fixed("ERR Command is not valid when client is a replica."));
    }
    let mut config = server.config.lock();
    let changed = server.replicate_from(primary.clone());
    if changed {
        *config = config.with_primary(primary.clone());
        server.publish(Arc::clone(config.settings()));
    }
    drop(config);
    match (primary, changed) {
        (Some(_), false) => reply.simple("OK Already connected to specified master"),
        (primary, changed) => {
            if changed {
                let whom = primary.map_or_else(|| "nobody".to_owned(), |one| format!("{}:{}", one.host, one.port));
                tracing::info!(primary = whom, client = %session.client.address, "REPLICAOF: following another primary");
            }
            reply.ok();
        }
    }
    Ok(())
}

/// Has the client wait until replicas have what it has written, for at most so long; where it may not wait, or they have
/// it already, it learns how many have it.
fn wait_for(
    session: &mut Session,
    command: &'static Command,
    goal: Goal,
    timeout_ms: u64,
    reply: &mut Reply,
) {
    let server = Arc::clone(&session.server);
    let replication = &server.replication;
    let count = goal.reached_by(&replication.feed.replicas());
    if count >= goal.replicas || session.is_in_exec {
        return reply.raw(&goal.reply(count));
    }
    let waiter = Arc::new(Waiter::for_replicas(session, command, goal.reply(count)));
    replication.waiters.add(goal, Arc::clone(&waiter));
    let until_ms = (timeout_ms > 0).then(|| unix_ms().saturating_add(timeout_ms));
    session.waiting = Some((waiter, until_ms));
    session.waiting_in = Some(command);
    session.set_blocked(true);
    replication.feed.append_request(&["REPLCONF", "GETACK", "*"]);
    // One may have said so before the client was among those who wait.
    replication.waiters.settle(&replication.feed.replicas());
}
