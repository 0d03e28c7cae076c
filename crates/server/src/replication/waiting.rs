//! Clients that wait until replicas have what they have written (`WAIT`, `WAITAOF`).

use std::sync::Arc;

use ::sync::Mutex;
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
    /// Whether they have to have it on their disks (`WAITAOF`).
    pub is_safe: bool,
}

impl Goal {
    /// How many of `replicas` have it.
    pub fn reached_by(&self, replicas: &[Arc<Replica>]) -> usize {
        let has_it = |replica: &&Arc<Replica>| {
            let has = if self.is_safe { replica.safe() } else { replica.acknowledged() };
            replica.stage() == Stage::Online && has >= self.offset
        };
        replicas.iter().filter(has_it).count()
    }

    /// The reply when so many have it.
    pub fn reply(&self, count: usize) -> Vec<u8> {
        let mut reply = Reply::new(Version::Resp2);
        if self.is_safe {
            reply.array(2);
            reply.integer(0);
        }
        reply.integer(count as i64);
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

    /// Ends all waits with this reply.
    pub fn end_all(&self, reply: &[u8]) {
        for (_, waiter) in self.0.lock().drain(..) {
            waiter.settle(reply.to_vec());
        }
    }

    /// Ends the waits that are over now that `replicas` have what they have.
    pub fn settle(&self, replicas: &[Arc<Replica>]) {
        self.0.lock().retain(|(goal, waiter)| {
            if waiter.outcome().is_some() {
                return false;
            }
            let count = goal.reached_by(replicas);
            let reply = goal.reply(count);
            if count >= goal.replicas {
                waiter.settle(reply);
                return false;
            }
            waiter.set_timeout_reply(&reply);
            true
        });
    }
}
