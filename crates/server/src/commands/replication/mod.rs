//! Commands on replication.

crate::commands::session_family! {
    failover,
    psync,
    replconf,
    replicaof,
    slaveof,
    sync,
    wait,
    waitaof,
}

use std::sync::Arc;
use std::time::Duration;

use commands::prelude::*;
use commands::{Command, Result};
use config::Primary;

use crate::blocking::Waiter;
use crate::clock::unix_ms;
use crate::replication::{Goal, Local};
use crate::server::Server;
use crate::session::Session;

/// Why nobody can wait for the append-only file.
const NO_FILE: &str = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

/// Makes the server follow another one, or nobody where that is `no one`.
fn replicate(session: &mut Session, host: &[u8], port: &[u8], reply: &mut Reply) -> Result<()> {
    let server = Arc::clone(&session.server);
    if session.replica.is_some() {
        return Err(Error::fixed("ERR Command is not valid when client is a replica."));
    }
    let primary = primary(host, port)?;
    if server.replication.failover().is_some() {
        return Err(Error::fixed("ERR REPLICAOF not allowed while failing over."));
    }
    let changed = server.become_replica_of(primary.clone());
    if !changed && primary.is_some() {
        reply.simple("OK Already connected to specified master");
        return Ok(());
    }
    if changed {
        let whom = primary.map_or_else(|| "nobody".to_owned(), |one| format!("{}:{}", one.host, one.port));
        tracing::info!(primary = whom, client = %session.client.address, "REPLICAOF: following another primary");
    }
    reply.ok();
    Ok(())
}

fn primary(host: &[u8], port: &[u8]) -> Result<Option<Primary>> {
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(None);
    }
    let port = base::number::parse_i64(port).ok_or(Error::NotInteger)?;
    let port = u16::try_from(port).map_err(|_| Error::fixed("ERR Invalid master port"))?;
    let host = String::from_utf8(host.to_vec()).map_err(|_| Error::fixed("ERR Invalid host name"))?;
    Ok(Some(Primary { host, port }))
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
    let reached = goal.reached_by(&replication.feed.replicas(), &server.append_only.files);
    if goal.is_reached(reached) || session.is_in_exec {
        return reply.raw(&reached.reply());
    }
    let waiter = Arc::new(Waiter::for_replicas(session, command, reached.reply()));
    replication.waiters.add(goal, Arc::clone(&waiter));
    if let Some(Local { offset, is_needed: true }) = goal.safe {
        tokio::spawn(wait_for_disk(Arc::clone(&server), offset, Arc::clone(&waiter)));
    }
    let until_ms = (timeout_ms > 0).then(|| unix_ms().saturating_add(timeout_ms));
    session.waiting = Some((waiter, until_ms));
    session.waiting_in = Some(command);
    session.set_blocked(true);
    replication.feed.append_request(&[b"REPLCONF", b"GETACK", b"*"]);
    // One may have said so before the client was among those who wait.
    replication.waiters.settle(&replication.feed.replicas(), &server.append_only.files);
}

/// Looks, until it is there, or nobody waits for it any more, whether the append-only file is on disk up to `offset`.
async fn wait_for_disk(server: Arc<Server>, offset: u64, waiter: Arc<Waiter>) {
    const PERIOD: Duration = Duration::from_millis(5);
    let files = &server.append_only.files;
    while waiter.outcome().is_none() {
        if !server.settings().persistence.appendonly {
            server.fail_waiter(&waiter, NO_FILE);
        } else if files.keeps(offset) {
            let replication = &server.replication;
            return replication.waiters.settle(&replication.feed.replicas(), files);
        }
        tokio::time::sleep(PERIOD).await;
    }
}
