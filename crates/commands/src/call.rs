//! One call of a command: where its words come from, where its reply goes, and how it gets at its keys.

use keyspace::{Context, DatabaseKey, Key, Keyspace, Needs, ReadView, SlotsOfKeys, Tally, WriteTxn};
use resp::{Arguments, Reply};
use smallvec::SmallVec;

use crate::args::{Parse, Parser, parse_rest};
use crate::command::Scope;
use crate::error::Result;

/// What a blocking command found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It did its work and replied.
    Done,
    /// There was nothing to be had. The reply that it wrote is for where nobody may wait, as in a transaction; when
    /// the time is over the client reads a null array, whatever the command.
    Wait(Wait),
}

/// How long to wait, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// In milliseconds; `None` is for ever.
    pub timeout_ms: Option<u64>,
    /// How many of the command's keys, from the first, may end the wait by changing.
    pub keys: usize,
    /// Words of the request, by their number, that mean this from now on: those whose meaning depends on the moment.
    pub words: Vec<(usize, Vec<u8>)>,
    /// Whether the wait ends with an error when a key is gone or becomes another type.
    pub needs_keys: bool,
}

impl Default for Wait {
    fn default() -> Wait {
        Wait { timeout_ms: None, keys: usize::MAX, words: Vec::new(), needs_keys: false }
    }
}

impl Wait {
    /// Waits for any of the command's keys.
    pub fn for_any_key(timeout_ms: Option<u64>) -> Attempt {
        Attempt::Wait(Wait { timeout_ms, ..Wait::default() })
    }

    /// Waits for the first of the command's keys: the source of a move.
    pub fn for_first_key(timeout_ms: Option<u64>) -> Attempt {
        Attempt::Wait(Wait { timeout_ms, keys: 1, ..Wait::default() })
    }
}

/// Takes in clients that must wait. It is called while the keys are still locked, so that no change is missed.
pub trait WaitingRoom {
    /// The client is to wait, for a change of any of `keys`. Says whether it has come to wait; if not, nothing is
    /// kept.
    fn enter(&mut self, keys: SmallVec<[DatabaseKey; 2]>, wait: Wait) -> bool;
}

/// Remembers who has read what. It is told before the keys can change, so that it is never too late.
pub trait Reader {
    /// A command has read this key.
    fn has_read(&self, key: &Key<'_>);
}

/// How a call gets at the keyspace.
pub enum Access<'c, 'k> {
    /// It takes the locks that it needs.
    Own(&'k Keyspace, &'c Context),
    /// The transaction that it belongs to holds them.
    Within(&'c mut WriteTxn<'k>),
}

/// A call of a command.
pub struct Call<'c, 'k> {
    /// The words of the request, the name included.
    pub arguments: Arguments<'c>,
    /// The second word as a key, where the caller knows it already; it need not be one.
    pub first_key: Option<Key<'c>>,
    /// Where the reply is written.
    pub reply: &'c mut Reply,
    /// How it gets at the keyspace.
    pub access: Access<'c, 'k>,
    /// What came of it; within a transaction it is the transaction's to tell.
    pub tally: Tally,
    /// Learns which keys are read, while they are locked.
    pub reader: Option<&'c dyn Reader>,
    /// Where it may wait; without one a blocking command replies at once as if its time were over.
    pub waiting_room: Option<&'c mut dyn WaitingRoom>,
}

/// The slots that the keys among `args` are in. If there are several keys, the processor loads what looking up the
/// first of them is going to need.
#[inline]
fn needs<'a, A: Parse<'a>>(args: &A, scope: Scope, keyspace: &Keyspace, database: u16) -> Needs {
    if scope == Scope::Everything {
        return Needs::All;
    }
    let mut slots = SlotsOfKeys::default();
    args.keys(&mut |key| slots.add(key));
    let needs = slots.needs();
    if let Needs::Some(_) = needs {
        fetch(args, keyspace, database);
    }
    needs
}

#[inline(never)]
fn fetch<'a, A: Parse<'a>>(args: &A, keyspace: &Keyspace, database: u16) {
    /// More would push each other out of the nearest cache.
    const KEYS_MAX: usize = 32;
    let mut keys: SmallVec<[Key<'_>; KEYS_MAX]> = SmallVec::new();
    args.keys(&mut |key| {
        if keys.len() < KEYS_MAX {
            keyspace.prefetch_slot(&key);
            keys.push(key);
        }
    });
    keyspace.prefetch(database, &keys);
}

fn keys_of<'a, A: Parse<'a>>(args: &A) -> SmallVec<[Key<'a>; 2]> {
    let mut keys = SmallVec::new();
    args.keys(&mut |key| keys.push(key));
    keys
}

/// Has the client wait in `room` for its keys.
fn enter(txn: &mut WriteTxn<'_>, keys: &[Key<'_>], wait: Wait, room: &mut dyn WaitingRoom) {
    let keys = &keys[..keys.len().min(wait.keys)];
    let database = txn.database();
    let names = keys.iter().map(|key| DatabaseKey::new(database, key.bytes)).collect();
    if room.enter(names, wait) {
        keys.iter().for_each(|key| txn.wait_for(key));
    }
}

/// Has what was read remembered, unless the client has to wait for it.
fn note_reads<'a, A: Parse<'a>>(reader: Option<&dyn Reader>, args: &A, attempt: &Result<Attempt>) {
    if let (Some(reader), Ok(Attempt::Done)) = (reader, attempt) {
        args.keys(&mut |key| reader.has_read(&key));
    }
}

impl<'c> Call<'c, '_> {
    /// Reads the arguments, which begin at word `position`.
    #[inline(always)]
    pub fn parse<A: Parse<'c>>(&self, position: usize) -> Result<A> {
        parse_rest(Parser::new(self.arguments, position).knowing(self.first_key))
    }

    /// Runs a command that reads.
    #[inline(always)]
    pub fn read<'a, A: Parse<'a>>(
        &mut self,
        args: A,
        scope: impl FnOnce(&A) -> Scope,
        run: impl FnOnce(&ReadView<'_>, A, &mut Reply) -> Result<()>,
    ) -> Result<()> {
        match &mut self.access {
            Access::Own(keyspace, context) => {
                let scope = scope(&args);
                let view = keyspace.read(&needs(&args, scope, keyspace, context.database), **context);
                if let Some(reader) = self.reader {
                    args.keys(&mut |key| reader.has_read(&key));
                }
                let result = run(&view, args, self.reply);
                self.tally = view.finish()?;
                result
            }
            Access::Within(txn) => run(txn, args, self.reply),
        }
    }

    /// Runs a command that writes. Its changes are called `name` unless it says otherwise.
    #[inline(always)]
    pub fn write<'a, A: Parse<'a>>(
        &mut self,
        name: &'static str,
        args: A,
        scope: impl FnOnce(&A) -> Scope,
        run: impl FnOnce(&mut WriteTxn<'_>, A, &mut Reply) -> Result<()>,
    ) -> Result<()> {
        match &mut self.access {
            Access::Own(keyspace, context) => {
                let scope = scope(&args);
                let mut txn = keyspace.write(&needs(&args, scope, keyspace, context.database), **context);
                txn.call_changes(name);
                if let Some(reader) = self.reader {
                    args.keys(&mut |key| reader.has_read(&key));
                }
                let result = run(&mut txn, args, self.reply);
                txn.conclude(0, self.arguments);
                self.tally = txn.commit()?;
                result
            }
            Access::Within(txn) => {
                txn.call_changes(name);
                let before = txn.changes();
                let result = run(txn, args, self.reply);
                txn.conclude(before, self.arguments);
                result
            }
        }
    }

    /// As [`Call::write`], for a command that may have to wait.
    pub fn block<'a, A: Parse<'a>>(
        &mut self,
        name: &'static str,
        args: A,
        run: impl FnOnce(&mut WriteTxn<'_>, A, &mut Reply) -> Result<Attempt>,
    ) -> Result<()> {
        let keys = keys_of(&args);
        match &mut self.access {
            Access::Own(keyspace, context) => {
                let mut txn =
                    keyspace.write(&needs(&args, Scope::Keys, keyspace, context.database), **context);
                txn.call_changes(name);
                let attempt = run(&mut txn, args, self.reply);
                txn.conclude(0, self.arguments);
                self.tally = txn.commit()?;
                if let (Attempt::Wait(wait), Some(room)) = (attempt?, self.waiting_room.as_mut()) {
                    enter(&mut txn, &keys, wait, *room);
                }
                Ok(())
            }
            Access::Within(txn) => {
                txn.call_changes(name);
                let before = txn.changes();
                let attempt = run(txn, args, self.reply);
                txn.conclude(before, self.arguments);
                attempt.map(|_| ())
            }
        }
    }

    /// Runs a command that reads and may have to wait. Only then are its keys locked exclusively, and it looks once
    /// more, so that it misses nothing.
    pub fn block_read<'a, A: Parse<'a>>(
        &mut self,
        args: A,
        run: impl Fn(&ReadView<'_>, &A, &mut Reply) -> Result<Attempt>,
    ) -> Result<()> {
        match &mut self.access {
            Access::Own(keyspace, context) => {
                let begin = self.reply.len();
                let needs = needs(&args, Scope::Keys, keyspace, context.database);
                let view = keyspace.read(&needs, **context);
                let attempt = run(&view, &args, self.reply);
                note_reads(self.reader, &args, &attempt);
                self.tally = view.finish()?;
                if let (Attempt::Wait(_), Some(room)) = (attempt?, self.waiting_room.as_mut()) {
                    self.reply.truncate(begin);
                    let mut txn = keyspace.write(&needs, **context);
                    let attempt = run(&txn, &args, self.reply);
                    note_reads(self.reader, &args, &attempt);
                    txn.commit()?;
                    if let Attempt::Wait(wait) = attempt? {
                        enter(&mut txn, &keys_of(&args), wait, *room);
                    }
                }
                Ok(())
            }
            Access::Within(txn) => run(txn, &args, self.reply).map(|_| ()),
        }
    }
}
