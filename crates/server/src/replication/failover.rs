//! FAILOVER: this primary and one of its replicas exchange their parts, without a write being lost.
//!
//! Clients' writes wait. When a replica has all of the stream, this server becomes its replica, and asks it in the same breath
//! (`PSYNC … FAILOVER`) to become the primary. When that has happened, or is given up, clients go on.

use std::sync::Arc;
use std::time::Duration;

use config::Primary;

use super::{Replica, Stage};
use crate::clock::unix_ms;
use crate::pause;
use crate::server::Server;

/// How often it is looked whether a replica has all.
const POLL: Duration = Duration::from_millis(10);

/// A failover that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Failover {
    /// The replica that is to take over; any where there is none.
    pub target: Option<Primary>,
    /// When it is given up, or forced, in Unix milliseconds.
    pub until_ms: Option<u64>,
    /// Whether the target takes over when the time is over, whatever it has.
    pub is_forced: bool,
    /// Whether this server asks the target to take over.
    pub is_handing_over: bool,
}

impl Failover {
    /// Redis' name for where it is.
    pub fn name(this: Option<&Failover>) -> &'static str {
        match this {
            None => "no-failover",
            Some(failover) if failover.is_handing_over => "failover-in-progress",
            Some(_) => "waiting-for-sync",
        }
    }
}

/// Where a replica listens.
pub(crate) fn address_of(replica: &Replica) -> Primary {
    Primary { host: replica.address().to_owned(), port: replica.greeting.listening_port }
}

impl Server {
    /// Begins a failover. The caller has seen to it that there is none, and that there are replicas.
    pub(crate) fn begin_failover(self: &Arc<Self>, failover: Failover) {
        tracing::info!(?failover, "FAILOVER requested");
        *self.replication.failover.lock() = Some(failover);
        self.pause.begin(pause::Scope::Writes, u64::MAX, unix_ms(), &self.attention);
        self.replication.feed.append_request(&[b"REPLCONF", b"GETACK", b"*"]);
        let server = Arc::clone(self);
        tokio::spawn(async move {
            while server.go_on_with_failover() {
                tokio::time::sleep(POLL).await;
            }
        });
    }

    /// Looks whether a replica can take over; says whether to look again.
    fn go_on_with_failover(&self) -> bool {
        let Some(failover) = self.replication.failover.lock().clone() else { return false };
        if failover.is_handing_over {
            return false;
        }
        let offset = self.replication.feed.offset();
        let is_meant = |replica: &&Arc<Replica>| {
            replica.stage() == Stage::Online
                && failover.target.as_ref().is_none_or(|target| *target == address_of(replica))
        };
        let replicas = self.replication.feed.replicas();
        let has_all = replicas.iter().filter(is_meant).find(|replica| replica.acknowledged() >= offset);
        let is_late = failover.until_ms.is_some_and(|until_ms| unix_ms() >= until_ms);
        let next = match (has_all, is_late) {
            (Some(replica), _) => Some(address_of(replica)),
            (None, false) => return true,
            (None, true) if failover.is_forced => {
                tracing::warn!("Failover target did not catch up: time out exceeded, failing over.");
                failover.target.clone()
            }
            (None, true) => None,
        };
        match next {
            Some(primary) => {
                if let Some(failover) = &mut *self.replication.failover.lock() {
                    failover.is_handing_over = true;
                    failover.target = Some(primary.clone());
                }
                tracing::info!(host = primary.host, port = primary.port, "Failover: handing over");
                self.become_replica_of(Some(primary));
            }
            None => {
                tracing::warn!("Failover given up: no replica had all in time");
                self.end_failover();
            }
        }
        false
    }

    /// Whether this server asks its primary to be that.
    pub(crate) fn is_handing_over(&self) -> bool {
        self.replication.failover.lock().as_ref().is_some_and(|failover| failover.is_handing_over)
    }

    /// The failover is over, one way or the other: clients go on.
    pub(crate) fn end_failover(&self) {
        if self.replication.failover.lock().take().is_some() {
            self.end_pause();
        }
    }

    /// Gives a failover up; says whether there was one.
    pub(crate) fn abort_failover(&self) -> bool {
        let Some(failover) = self.replication.failover.lock().clone() else { return false };
        if failover.is_handing_over {
            self.become_replica_of(None);
        }
        self.end_failover();
        true
    }

    /// Follows `primary`, and has the configuration say so. Says whether anything changed.
    pub(crate) fn become_replica_of(&self, primary: Option<Primary>) -> bool {
        let mut config = self.config.lock();
        let changed = self.replicate_from(primary.clone());
        if changed {
            *config = config.with_primary(primary);
            self.publish(Arc::clone(config.settings()));
        }
        changed
    }
}
