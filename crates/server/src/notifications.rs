//! Keyspace notifications: what happens to keys, published to `__keyspace@<db>__:<key>` and `__keyevent@<db>__:<event>`.
//!
//! Which events there are is decided where keys are changed ([`keyspace::EventClasses`]); here they only go out, in the
//! order in which they happened, before whoever waits for the keys is served.

use config::EventClasses;
use keyspace::{DatabaseKey, Event, News, Tally};

use crate::clock::unix_ms;
use crate::server::Server;

impl Server {
    /// Counts what came of a command, whose it was `by`, and tells of it. Returns the keys that clients wait for.
    #[inline]
    pub(crate) fn take_in(&self, tally: Tally, by: Option<u64>) -> Vec<DatabaseKey> {
        self.statistics.count(&tally);
        match tally.news {
            None => Vec::new(),
            Some(mut news) => {
                self.tell_news(Some(&news), by);
                std::mem::take(&mut news.ready)
            }
        }
    }

    /// Tells everyone of what was done who wants to know but does not wait for it; `by` is whose command it was.
    #[inline]
    pub(crate) fn tell_news(&self, news: Option<&News>, by: Option<u64>) {
        if let Some(news) = news {
            self.publish_some(&news.events);
            self.invalidate(&news.changed, news.emptied, by);
            news.due.iter().for_each(|key| self.expire(key));
        }
    }

    /// Removes a key that somebody has found to have expired, as Redis does, and tells of it; unless expiry rests.
    #[cold]
    fn expire(&self, key: &DatabaseKey) {
        if self.is_paused() || self.replication.is_replica() {
            return;
        }
        let now_ms = unix_ms();
        let expired = self.keyspace.expire_slot(key.database, base::slot::slot(&key.name), now_ms);
        self.statistics.count_expired(expired.keys, expired.elements);
        self.tell_news(expired.news.as_deref(), None);
        self.serve_waiting(expired.ready, now_ms);
    }

    #[cold]
    fn publish_some(&self, events: &[Event]) {
        let classes = self.settings().observability.notify_keyspace_events;
        for Event { name, key } in events {
            if classes.contains(EventClasses::KEYSPACE) {
                let mut channel = format!("__keyspace@{}__:", key.database).into_bytes();
                channel.extend_from_slice(&key.name);
                self.pubsub.publish(&channel, name.as_bytes());
            }
            if classes.contains(EventClasses::KEYEVENT) {
                let channel = format!("__keyevent@{}__:{name}", key.database);
                self.pubsub.publish(channel.as_bytes(), &key.name);
            }
        }
    }
}

/// The classes of events that are to be made: none, where there is no channel for them to go to.
pub(crate) fn wanted(classes: EventClasses) -> EventClasses {
    let channels = EventClasses::KEYSPACE.with(EventClasses::KEYEVENT);
    let has_channel = classes.contains(EventClasses::KEYSPACE) || classes.contains(EventClasses::KEYEVENT);
    if has_channel { classes.without(channels) } else { EventClasses::NONE }
}
