//! What happens to keys, by name: the events that Redis publishes when `notify-keyspace-events` asks for them.
//!
//! A command does not make events. Its name is what its changes are called, of the class of the values that they are
//! made to ([`Caption`]); a command that Redis calls otherwise says so before it changes anything
//! ([`WriteTxn::call_changes`](crate::WriteTxn::call_changes)). That a key is new, removed or expired is told by
//! whoever finds out. Events are only made while somebody wants them ([`Keyspace::want_events`]); they come with the
//! [`Tally`](crate::Tally), in the order of the changes, when these are committed.

use std::sync::atomic::Ordering;

pub use base::events::EventClasses;
use values::entry::Kind;

use crate::{DatabaseKey, Keyspace};

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What is published with it.
    pub name: &'static str,
    /// To which key.
    pub key: DatabaseKey,
}

/// What others are to be told of a transaction, and what is seldom counted.
#[derive(Debug, Default)]
pub struct News {
    /// Keys removed because their time had come.
    pub expired: u64,
    /// Elements of values removed because their time had come. Each time is a change as well.
    pub expired_elements: u64,
    /// Keys removed to make room in memory.
    pub evicted: u64,
    /// Changed keys that clients wait for.
    pub ready: Vec<DatabaseKey>,
    /// What happened, as far as somebody wants to know.
    pub events: Vec<Event>,
    /// The keys that are not what they were, if somebody wants to know ([`EventClasses::CHANGED`]).
    pub changed: Vec<DatabaseKey>,
    /// Whether a whole database was emptied.
    pub emptied: bool,
    /// Keys that were found to have expired and are still there, since whoever found out only reads. Their removal is
    /// news too: see [`Keyspace::expire_slot`].
    pub due: Vec<DatabaseKey>,
}

/// What the changes that follow are called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caption {
    /// The events that somebody wants.
    wanted: EventClasses,
    name: &'static str,
    /// Their class, where it is not that of the values.
    class: Option<EventClasses>,
}

/// The class of changes to a value of this type.
fn class_of(kind: Kind) -> EventClasses {
    match kind {
        Kind::String => EventClasses::STRING,
        Kind::List => EventClasses::LIST,
        Kind::Set => EventClasses::SET,
        Kind::Hash => EventClasses::HASH,
        Kind::ZSet => EventClasses::ZSET,
        Kind::Stream => EventClasses::STREAM,
    }
}

impl Caption {
    pub fn new(wanted: EventClasses) -> Caption {
        Caption { wanted, name: "", class: None }
    }

    /// The same, where changes are called `name`.
    #[inline]
    pub fn named(self, name: &'static str, class: Option<EventClasses>) -> Caption {
        Caption { name, class, ..self }
    }

    /// Tells of a change to a value of type `kind`.
    #[inline]
    pub fn tell_change<'n>(
        &self,
        kind: Kind,
        database: u16,
        key: impl FnOnce() -> &'n [u8],
        news: &mut Option<Box<News>>,
    ) {
        if !self.wanted.is_empty() && !self.name.is_empty() {
            let class = self.class.unwrap_or_else(|| class_of(kind));
            self.tell(class, self.name, database, key(), news);
        }
    }

    /// Tells of the removal of a key, unless changes have no name.
    #[inline]
    pub fn tell_removal(&self, database: u16, key: &[u8], news: &mut Option<Box<News>>) {
        if !self.wanted.is_empty() && !self.name.is_empty() {
            self.tell(EventClasses::GENERIC, "del", database, key, news);
        }
    }

    /// Whether somebody wants to know of every change.
    #[inline]
    pub fn notes_changes(&self) -> bool {
        self.wanted.contains(EventClasses::CHANGED)
    }

    /// Whether somebody wants to know what was done.
    #[inline]
    pub fn records_effects(&self) -> bool {
        self.wanted.contains(EventClasses::EFFECTS)
    }

    /// Notes that a key is not what it was.
    #[inline]
    pub fn note_change<'n>(
        &self,
        database: u16,
        key: impl FnOnce() -> &'n [u8],
        news: &mut Option<Box<News>>,
    ) {
        if self.notes_changes() {
            news.get_or_insert_default().changed.push(DatabaseKey::new(database, key()));
        }
    }

    /// Tells of anything.
    #[inline]
    pub fn tell(
        &self,
        class: EventClasses,
        name: &'static str,
        database: u16,
        key: &[u8],
        news: &mut Option<Box<News>>,
    ) {
        if self.wanted.contains(class) {
            note(name, database, key, news);
        }
    }
}

/// Notes that a key has expired and is still there.
#[cold]
pub(crate) fn note_due(database: u16, key: &[u8], news: &mut Option<Box<News>>) {
    news.get_or_insert_default().due.push(DatabaseKey::new(database, key));
}

/// As [`note_due`], for one that was passed by: of these there may be as many as keys, so only some are noted, and the rest
/// waits for the sweep.
#[cold]
pub(crate) fn note_passed(database: u16, key: &[u8], news: &mut Option<Box<News>>) {
    const PASSED_MAX: usize = 1000;
    if news.as_ref().is_none_or(|news| news.due.len() < PASSED_MAX) {
        note_due(database, key, news);
    }
}

#[cold]
fn note(name: &'static str, database: u16, key: &[u8], news: &mut Option<Box<News>>) {
    news.get_or_insert_default().events.push(Event { name, key: DatabaseKey::new(database, key) });
}

impl Keyspace {
    /// Has transactions from now on tell of the events of these classes.
    pub fn want_events(&self, classes: EventClasses) {
        let others = EventClasses::EFFECTS.bits();
        let replace = |before| Some(before & others | classes.bits() & !others);
        // It always replaces.
        let _ = self.wanted_events.fetch_update(Ordering::Relaxed, Ordering::Relaxed, replace);
    }

    #[inline]
    pub(crate) fn caption(&self) -> Caption {
        Caption::new(EventClasses::from_bits(self.wanted_events.load(Ordering::Relaxed)))
    }
}
