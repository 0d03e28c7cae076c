//! What transactions did, as commands that do the same to a copy of the keyspace, wherever and whenever they run there.
//!
//! Most requests are their own effect. A command whose result depends on chance, on the time or on what may differ in a
//! copy says what it did instead ([`WriteTxn::did`]). What goes without a command, because its time has come or to make
//! room, is an effect too. A copy takes all of them in their order, and removes nothing by itself
//! ([`crate::Context::is_copy`]), so a key that a command has found to be gone is removed by an effect before the
//! command's own.
//!
//! Effects are gathered while a transaction runs and handed to a [`Log`] when it commits, with its slots still locked:
//! the order of the log is that in which transactions ran. Nothing is gathered unless somebody listens.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use crate::engine::{Batch, Store};
use crate::events::EventClasses;
use crate::fault::Fault;
use crate::{Key, Keyspace, WriteTxn};

/// One who may want to know what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Taker {
    /// The append-only file.
    File = 1,
    /// The stream to replicas.
    Replicas = 2,
}

/// Some of those who may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takers(u8);

impl Takers {
    /// Everybody.
    pub const ALL: Takers = Takers(Taker::File as u8 | Taker::Replicas as u8);
    /// Nobody.
    pub const NONE: Takers = Takers(0);

    /// These and `taker`.
    #[must_use]
    pub fn with(self, taker: Taker) -> Takers {
        Takers(self.0 | taker as u8)
    }

    /// Whether `taker` is one of them.
    pub fn has(self, taker: Taker) -> bool {
        self.0 & taker as u8 != 0
    }
}

/// Takes what transactions did.
pub trait Log: Send + Sync {
    /// Takes the effects of one transaction, in their order: a copy has all of them or none. Whoever calls holds the
    /// slots of what was changed.
    fn append(&self, unit: &Effects);

    /// Writes what they were of, `batch`, by `write`, and takes them if that succeeds. So it can have noted with the batch
    /// where in the log this is ([`Batch::streamed`]). `is_copy` says that what was done is what a log of another server
    /// tells.
    fn append_stored(
        &self,
        unit: Option<&Effects>,
        is_copy: bool,
        batch: &mut Batch,
        write: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let _ = is_copy;
        write(batch)?;
        if let Some(unit) = unit {
            self.append(unit);
        }
        Ok(())
    }

    /// The store was opened again, perhaps without the last of what was appended with it. Nothing is changed while this is
    /// called.
    fn store_was_renewed(&self) {}
}

/// Words of so many bytes in all need no memory of their own.
const SMALL_BYTES: usize = 160;

/// Commands, each of which belongs to a database.
#[derive(Clone)]
pub struct Effects {
    bytes: SmallVec<[u8; SMALL_BYTES]>,
    /// Where the words end.
    ends: SmallVec<[usize; 8]>,
    commands: SmallVec<[Command; 2]>,
    /// Whether the command that runs has said what it did.
    is_told: bool,
    /// Whom the commands that follow are for.
    takers: Takers,
    /// Whether some are not for everybody.
    is_selective: bool,
}

#[derive(Clone, Copy)]
struct Command {
    database: u16,
    takers: Takers,
    /// The number of its first word.
    first: usize,
}

/// One command.
pub struct Effect<'e> {
    /// The database that it works on.
    pub database: u16,
    effects: &'e Effects,
    first: usize,
    end: usize,
}

impl<'e> Effect<'e> {
    /// Its words, the name first.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &'e [u8]> + use<'e> {
        let effects = self.effects;
        (self.first..self.end).map(|word| {
            let begin = word.checked_sub(1).map_or(0, |before| effects.ends[before]);
            &effects.bytes[begin..effects.ends[word]]
        })
    }
}

impl Default for Effects {
    fn default() -> Effects {
        Effects {
            bytes: SmallVec::new(),
            ends: SmallVec::new(),
            commands: SmallVec::new(),
            is_told: false,
            takers: Takers::ALL,
            is_selective: false,
        }
    }
}

impl Effects {
    /// Adds a command.
    #[inline]
    pub fn push<'w>(&mut self, database: u16, words: impl IntoIterator<Item = &'w [u8]>) {
        self.push_for(Takers::ALL, database, words);
    }

    #[inline]
    fn push_for<'w>(&mut self, takers: Takers, database: u16, words: impl IntoIterator<Item = &'w [u8]>) {
        self.commands.push(Command { database, takers, first: self.ends.len() });
        self.is_selective |= takers != Takers::ALL;
        for word in words {
            self.bytes.extend_from_slice(word);
            self.ends.push(self.bytes.len());
        }
    }

    /// Adds that the key that `name` names is gone.
    pub(crate) fn push_removal(&mut self, database: u16, name: &[u8]) {
        self.push(database, [b"UNLINK".as_slice(), name]);
    }

    /// What `taker` is to get of them, if anything.
    pub fn share_of(&self, taker: Taker) -> Option<Cow<'_, Effects>> {
        if !self.is_selective {
            return Some(Cow::Borrowed(self));
        }
        let mut share = Effects::default();
        for (command, effect) in self.commands.iter().zip(self.iter()) {
            if command.takers.has(taker) {
                share.push(effect.database, effect.words());
            }
        }
        (!share.is_empty()).then_some(Cow::Owned(share))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The commands in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Effect<'_>> + Clone {
        self.commands.iter().enumerate().map(|(number, command)| {
            let end = self.commands.get(number + 1).map_or(self.ends.len(), |next| next.first);
            Effect { database: command.database, effects: self, first: command.first, end }
        })
    }
}

/// Where a command says what it did.
pub struct Did<'t> {
    effects: &'t mut Effects,
    database: u16,
}

impl Did<'_> {
    /// It did what this command does to the selected database.
    pub fn command<'w>(&mut self, words: impl IntoIterator<Item = &'w [u8]>) {
        self.command_in(self.database, words);
    }

    /// It did what this command does to another database.
    pub fn command_in<'w>(&mut self, database: u16, words: impl IntoIterator<Item = &'w [u8]>) {
        self.effects.push_for(self.effects.takers, database, words);
    }
}

impl WriteTxn<'_> {
    /// Has only `takers` get to know what the commands that follow do. What goes without a command, because its time has
    /// come or to make room, concerns everybody all the same.
    pub fn tell_only(&mut self, takers: Takers) {
        if let Some(effects) = self.effects.as_deref_mut() {
            effects.takers = takers;
        }
    }

    /// Whether somebody wants to know what is done.
    #[inline]
    pub fn is_recorded(&self) -> bool {
        self.effects.is_some()
    }

    /// Says what the command that runs has done, where its request would not do the same to a copy. `tell` is only
    /// called where somebody wants to know; one that tells nothing has done nothing that a copy need do.
    #[inline]
    pub fn did(&mut self, tell: impl FnOnce(&mut Did<'_>)) {
        if self.effects.is_some() {
            self.tell_did(tell);
        }
    }

    fn tell_did(&mut self, tell: impl FnOnce(&mut Did<'_>)) {
        self.note_removals();
        let database = self.database();
        if let Some(effects) = self.effects.as_deref_mut() {
            effects.is_told = true;
            tell(&mut Did { effects, database });
        }
    }

    /// The command that these are the words of has run, when so many changes had been made `before`. Unless it has said
    /// what it did, its request is its effect if it has changed anything.
    #[inline]
    pub fn conclude<'w>(&mut self, before: u64, words: impl IntoIterator<Item = &'w [u8]>) {
        if self.effects.is_some() {
            self.note_request(before, words);
        }
    }

    fn note_request<'w>(&mut self, before: u64, words: impl IntoIterator<Item = &'w [u8]>) {
        let is_told = self.effects.as_mut().is_some_and(|effects| std::mem::take(&mut effects.is_told));
        if is_told || self.changes() == before {
            return;
        }
        self.note_removals();
        let database = self.database();
        if let Some(effects) = self.effects.as_deref_mut() {
            effects.push_for(effects.takers, database, words);
        }
    }

    /// Has keys that the command has taken for gone be gone in a copy before it does what follows.
    fn note_removals(&mut self) {
        let due = self.view.tally_mut().news.as_mut().map(|news| std::mem::take(&mut news.due));
        for key in due.into_iter().flatten() {
            // What is removed here and now is noted as it goes; what is there again went before.
            let is_there = self.locate(key.database, &Key::new(&key.name)).is_some();
            if let Some(effects) = self.effects.as_deref_mut().filter(|_| is_there) {
                effects.push_removal(key.database, &key.name);
            }
        }
    }

    /// Hands over what was done.
    pub(crate) fn hand_over_effects(&mut self) {
        if let Some(effects) = self.effects.as_deref_mut()
            && !effects.is_empty()
        {
            self.view.keyspace.append(effects);
            *effects = Effects::default();
        }
    }
}

impl Keyspace {
    /// Has effects go to `log`, once and for all, while they are recorded.
    pub fn log_to(&self, log: Arc<dyn Log>) {
        self.log.get_or_init(|| log);
    }

    /// Has effects be recorded from now on, or not. Whoever begins has all slots locked, or is alone, so that every
    /// transaction is recorded whole or not at all.
    pub fn record_effects(&self, is_wanted: bool) {
        let bit = EventClasses::EFFECTS.bits();
        if is_wanted {
            self.wanted_events.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.wanted_events.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    /// Whether effects are recorded.
    #[inline]
    pub fn records_effects(&self) -> bool {
        self.caption().records_effects()
    }

    /// Hands effects to whoever listens: those of a transaction, whose slots the caller holds, or of something that
    /// concerns no key.
    pub fn append(&self, effects: &Effects) {
        if let Some(log) = self.log.get() {
            log.append(effects);
        }
    }

    /// Has `store` write `batch`, whose effects these are, and hands them to whoever listens.
    pub(crate) fn store_with_effects(
        &self,
        store: &dyn Store,
        mut batch: Batch,
        effects: Option<&mut Effects>,
        is_copy: bool,
    ) -> Result<(), Fault> {
        let Some(log) = self.log.get() else { return store.commit(&batch) };
        let unit = effects.as_deref().filter(|effects| !effects.is_empty());
        log.append_stored(unit, is_copy, &mut batch, &mut |batch| store.commit(batch))?;
        if let Some(effects) = effects {
            *effects = Effects::default();
        }
        Ok(())
    }

    /// Has `store` keep these libraries of functions, in place of those that it has; `effects` tell of it. `is_copy` says that
    /// this is what a log of another server tells.
    ///
    /// # Errors
    /// When it cannot; then nobody is told.
    pub fn keep_libraries(
        &self,
        store: &dyn Store,
        libraries: Vec<u8>,
        mut effects: Effects,
        is_copy: bool,
    ) -> Result<(), Fault> {
        let mut batch = Batch::default();
        batch.libraries = Some(libraries);
        self.store_with_effects(store, batch, Some(&mut effects), is_copy)
    }

    pub(crate) fn store_was_renewed(&self) {
        if let Some(log) = self.log.get() {
            log.store_was_renewed();
        }
    }

    /// Where the effects of one transaction are gathered, if they are.
    #[inline]
    pub(crate) fn recorder(&self) -> Option<Box<Effects>> {
        self.records_effects().then(Box::default)
    }
}
