//! FAILOVER: see its summary.

use std::sync::Arc;

use commands::prelude::*;
use config::Primary;

use crate::clock::unix_ms;
use crate::replication::{Failover, Stage, address_of};
use crate::session::Session;

command! {
    name: "failover",
    group: Server,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Starts a coordinated failover from a server to one of its replicas.",
    handler: Admin,
    flags: [NoScript, Stale],
    examples: r#"
        > FAILOVER
        (error) ERR FAILOVER requires connected replicas.
        > FAILOVER ABORT
        (error) ERR No failover in progress.
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(token = "TO")]
    target: Option<Target<'a>>,
    #[arg(token = "ABORT")]
    abort: bool,
    #[arg(token = "TIMEOUT", name = "milliseconds")]
    timeout: Option<i64>,
    #[arg(token = "FORCE")]
    force: bool,
}

/// The replica that is to take over.
#[derive(Args)]
pub struct Target<'a> {
    host: &'a [u8],
    port: i64,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let server = Arc::clone(&session.server);
    let replication = &server.replication;
    if args.abort {
        if args.target.is_some() || args.timeout.is_some() || args.force {
            return Err(Error::Syntax);
        }
        if !server.abort_failover() {
            return Err(Error::fixed("ERR No failover in progress."));
        }
        reply.ok();
        return Ok(());
    }
    if args.timeout.is_some_and(|timeout_ms| timeout_ms <= 0) {
        return Err(Error::fixed("ERR FAILOVER timeout must be greater than 0"));
    }
    if args.force && (args.timeout.is_none() || args.target.is_none()) {
        return Err(Error::fixed("ERR FAILOVER with force option requires both a timeout and target HOST and IP options."));
    }
    if replication.failover().is_some() {
        return Err(Error::fixed("ERR FAILOVER already in progress."));
    }
    if replication.is_replica() {
        return Err(Error::fixed("ERR FAILOVER is not valid when server is a replica."));
    }
    let replicas = replication.replicas();
    if replicas.is_empty() {
        return Err(Error::fixed("ERR FAILOVER requires connected replicas."));
    }
    let target = args.target.map(|target| Primary {
        host: String::from_utf8_lossy(target.host).into_owned(),
        port: u16::try_from(target.port).unwrap_or(0),
    });
    if let Some(target) = &target {
        let replica = replicas.iter().find(|replica| address_of(replica) == *target);
        let replica = replica.ok_or(Error::fixed("ERR FAILOVER target HOST and PORT is not a replica."))?;
        if replica.stage() != Stage::Online {
            return Err(Error::fixed("ERR FAILOVER target replica is not online."));
        }
    }
    let timeout_ms = args.timeout.and_then(|timeout_ms| u64::try_from(timeout_ms).ok());
    server.begin_failover(Failover {
        target,
        until_ms: timeout_ms.map(|timeout_ms| unix_ms().saturating_add(timeout_ms)),
        is_forced: args.force,
        is_handing_over: false,
    });
    reply.ok();
    Ok(())
}
