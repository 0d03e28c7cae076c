//! Clients that wait until replicas have what they have written (`WAIT`), or it is on disk (`WAITAOF`).

use std::sync::Arc;

use ::sync::Mutex;
use log::AppendOnly;
use resp::{Reply, Version};

use super::{Replica, Stage};
use crate::blocking::Waiter;

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// How much of the stream.
    pub offset: u64,
    /// How many replicas have to have it.
    pub replicas: usize,
    /// Whether they have to have it on their disks (`WAITAOF`), and what of this server's own.
    pub safe: Option<Local>,
}

/// What is to be in this server's append-only file, and on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// How much of the file's stream.
    pub offset: u64,
    /// Whether the client waits for that.
    pub is_needed: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// How many replicas have it.
    replicas: usize,
    /// Whether it is on this server's disk, where that was asked.
    is_local: Option<bool>,
}

impl Goal {
    /// How far it is with these `replicas`, and with `files` of this server.
    pub fn reached_by(&self, replicas: &[Arc<Replica>], files: &AppendOnly) -> Reached {
        let has_it = |replica: &&Arc<Replica>| {
            let has = if self.safe.is_some() { replica.safe() } else { replica.acknowledged() };
            replica.stage() == Stage::Online && has >= self.offset
        };
        let is_local = self.safe.map(|local| files.keeps(local.offset));
        Reached { replicas: replicas.iter().filter(has_it).count(), is_local }
    }

    /// Whether that is enough.
    pub fn is_reached(&self, reached: Reached) -> bool {
        let needs_local = self.safe.is_some_and(|local| local.is_needed);
        reached.replicas >= self.replicas && (!needs_local || reached.is_local == Some(true))
    }
}

impl Reached {
    /// The reply when the wait ends with this.
    pub fn reply(self) -> Vec<u8> {
        let mut reply = Reply::new(Version::Resp2);
        if let Some(is_local) = self.is_local {
            reply.array(2);
            reply.integer(i64::from(is_local));
        }
        reply.integer(self.replicas as i64);
        reply.into_vec()
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<Vec<(Goal, Arc<Waiter>)>>);

impl Waiters {
    /// A client waits.
    pub fn add(&self, goal: Goal, waiter: Arc<Waiter>) {
        self.0.lock().push((goal, waiter));
    }

    /// The client with this id, if it waits.
    pub fn of_client(&self, id: u64) -> Option<Arc<Waiter>> {
        let waiters = self.0.lock();
        waiters.iter().map(|(_, waiter)| waiter).find(|waiter| waiter.client_id() == id).cloned()
    }

    /// Takes all of them out.
    pub fn take_all(&self) -> Vec<Arc<Waiter>> {
        self.0.lock().drain(..).map(|(_, waiter)| waiter).collect()
    }

    /// Ends the waits that are over now that `replicas` have what they have.
    pub fn settle(&self, replicas: &[Arc<Replica>], files: &AppendOnly) {
        self.0.lock().retain(|(goal, waiter)| {
            if waiter.outcome().is_some() {
                return false;
            }
            let reached = goal.reached_by(replicas, files);
            let reply = reached.reply();
            if goal.is_reached(reached) {
                waiter.settle(reply);
                return false;
            }
            waiter.set_timeout_reply(&reply);
            true
        });
    }
}
