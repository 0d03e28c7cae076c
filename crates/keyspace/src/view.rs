//! What a command that reads sees of the keyspace.

use std::cell::{Cell, RefCell};

use values::access::{Access, Counting};
use values::entry::{EntryRef, Form, Kind};
use values::hash::HashRef;
use values::limits::Limits;
use values::list::ListRef;
use values::set::SetRef;
use values::stream::StreamRef;
use values::string::StringRef;
use values::zset::ZSetRef;

use crate::engine::Loaded;
use crate::events::{EventClasses, News, note_due, note_passed};
use crate::fault::{self, Fault};
use crate::slots::{Held, Mode, Needs, Slot};
use crate::{Key, Keyspace};

/// The key holds a value of another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What a command knows of the world, the same from its beginning to its end.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The selected database.
    pub database: u16,
    /// Unix time in milliseconds.
    pub now_ms: u64,
    /// Whether an effect is run on a copy ([`crate::Effects`]): nothing is gone there because its time has come.
    pub is_copy: bool,
    /// Up to which sizes collections are packed.
    pub limits: Limits,
    /// Where the command's random choices begin.
    pub seed: u64,
    /// Whether using a key counts as a use (`CLIENT NO-TOUCH`).
    pub touch: bool,
    /// How uses are counted, where the policy of eviction chooses by them; otherwise only the last one is known.
    pub counting: Option<Counting>,
    /// Whether payloads of values are for a Redis 7.0 (`rdb-version 10`).
    pub has_old_payloads: bool,
}

impl Context {
    /// What has a deadline up to this moment, in Unix milliseconds, is taken as gone.
    #[inline]
    pub fn horizon_ms(&self) -> u64 {
        if self.is_copy { 0 } else { self.now_ms }
    }
}

/// What came of a command, beside its reply.
#[derive(Debug, Default)]
pub struct Tally {
    /// Look-ups by reading commands that found a key.
    pub hits: u64,
    /// Look-ups by reading commands that found none.
    pub misses: u64,
    /// Changes made to the keyspace.
    pub changes: u64,
    /// Whether a copy was told to do something, be it that nothing had to be changed here.
    pub is_told: bool,
    /// What else came of it. Nearly always that is nothing, so it takes no more than a pointer.
    pub news: Option<Box<News>>,
}

impl Tally {
    pub(crate) fn news_mut(&mut self) -> &mut News {
        self.news.get_or_insert_default()
    }
}

/// A consistent look at the keys that a command declared. It cannot change them.
pub struct ReadView<'k> {
    pub(crate) keyspace: &'k Keyspace,
    pub(crate) held: Held<'k>,
    pub(crate) whole: bool,
    pub(crate) context: Context,
    random: Cell<u64>,
    pub(crate) tally: RefCell<Tally>,
    /// What had to be fetched from where databases are stored.
    loaded: Loaded,
}

impl<'k> ReadView<'k> {
    #[inline]
    pub(crate) fn new(keyspace: &'k Keyspace, needs: &Needs, context: Context) -> ReadView<'k> {
        ReadView::forget_faults(keyspace);
        let held = Held::lock(&keyspace.slots, needs, Mode::Shared, Some(&keyspace.escalation));
        ReadView::holding(keyspace, held, context)
    }

    /// Has nothing to do with what went wrong for whoever looked before and was not asked how it went.
    #[inline]
    pub(crate) fn forget_faults(keyspace: &Keyspace) {
        if keyspace.store.is_some() {
            fault::take();
        }
    }

    /// A look at what is locked already.
    #[inline]
    pub(crate) fn holding(keyspace: &'k Keyspace, held: Held<'k>, context: Context) -> ReadView<'k> {
        ReadView {
            keyspace,
            whole: held.has_all(),
            held,
            random: Cell::new(context.seed),
            context,
            tally: RefCell::default(),
            loaded: Loaded::default(),
        }
    }

    /// What came of the command, whose result is to be thrown away if something went wrong below it.
    #[inline]
    pub fn finish(self) -> Result<Tally, Fault> {
        match self.keyspace.store {
            None => Ok(self.tally.into_inner()),
            Some(_) => self.finish_stored(),
        }
    }

    /// As [`ReadView::finish`], where some database is stored: what was fetched is left for the next reader.
    fn finish_stored(self) -> Result<Tally, Fault> {
        let ReadView { keyspace, held, context, tally, loaded, .. } = self;
        drop(held);
        let fault = fault::take();
        if !loaded.is_empty() {
            keyspace.admit(context.database, loaded);
        }
        fault.map_or_else(|| Ok(tally.into_inner()), Err)
    }

    pub(crate) fn tally_mut(&mut self) -> &mut Tally {
        self.tally.get_mut()
    }

    /// The selected database.
    pub fn database(&self) -> u16 {
        self.context.database
    }

    /// How many databases there are.
    pub fn databases(&self) -> u16 {
        self.keyspace.databases()
    }

    /// Whether the one of these databases is stored and the other is not.
    pub fn differ_in_keeping(&self, one: u16, other: u16) -> bool {
        self.keyspace.engine(one).is_stored() != self.keyspace.engine(other).is_stored()
    }

    /// Goes on in another database, which must exist, or at another time: what `SELECT` and the passing of time
    /// do between the commands of a transaction.
    pub fn set_context(&mut self, context: Context) {
        assert!(context.database < self.databases(), "no such database");
        self.context = context;
    }

    /// What the command knows of the world.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Unix time in milliseconds, frozen for the command.
    pub fn now_ms(&self) -> u64 {
        self.context.now_ms
    }

    /// See [`Context::horizon_ms`].
    pub fn horizon_ms(&self) -> u64 {
        self.context.horizon_ms()
    }

    /// Up to which sizes collections are packed.
    pub fn limits(&self) -> &Limits {
        &self.context.limits
    }

    /// 64 random bits (splitmix64, from the context's seed).
    pub fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// The entry of `key`, if it is there and has not expired; counts as a use and as a hit or a miss.
    #[inline]
    pub fn find(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        let found = self.look_for(key);
        if let Some(entry) = found
            && self.context.touch
        {
            note_use(entry, &self.context, || self.random());
        }
        found
    }

    /// As [`ReadView::find`], but it is no use of the key.
    #[inline]
    pub fn look_for(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        let found = self.peek(key);
        let mut tally = self.tally.borrow_mut();
        match found {
            Some(_) => tally.hits += 1,
            None => {
                tally.misses += 1;
                let caption = self.keyspace.caption();
                let database = self.context.database;
                caption.tell(EventClasses::KEY_MISS, "keymiss", database, key.bytes, &mut tally.news);
            }
        }
        found
    }

    /// As [`ReadView::find`], but counts as nothing: for commands that look at a key without using it.
    #[inline]
    pub fn peek(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        self.peek_in(self.context.database, key)
    }

    /// As [`ReadView::peek`], in another database.
    pub fn peek_in(&self, database: u16, key: &Key<'_>) -> Option<EntryRef<'_>> {
        let entry = self.held.slot(key.slot).shard(database)?.find(key, &self.loaded)?;
        if is_expired(entry, self.context.horizon_ms()) {
            note_due(database, key.bytes, &mut self.tally.borrow_mut().news);
            return None;
        }
        Some(entry)
    }

    fn typed(&self, key: &Key<'_>, kind: Kind) -> Result<Option<EntryRef<'_>>, WrongType> {
        match self.find(key) {
            Some(entry) if entry.kind() != kind => Err(WrongType),
            found => Ok(found),
        }
    }

    /// The string at `key`.
    #[inline]
    pub fn string(&self, key: &Key<'_>) -> Result<Option<StringRef<'_>>, WrongType> {
        Ok(self.typed(key, Kind::String)?.map(StringRef::of))
    }

    /// The list at `key`.
    pub fn list(&self, key: &Key<'_>) -> Result<Option<ListRef<'_>>, WrongType> {
        Ok(self.typed(key, Kind::List)?.map(ListRef::of))
    }

    /// The set at `key`.
    pub fn set(&self, key: &Key<'_>) -> Result<Option<SetRef<'_>>, WrongType> {
        Ok(self.typed(key, Kind::Set)?.map(SetRef::of))
    }

    /// The hash at `key`.
    pub fn hash(&self, key: &Key<'_>) -> Result<Option<HashRef<'_>>, WrongType> {
        let horizon_ms = self.context.horizon_ms();
        Ok(self.typed(key, Kind::Hash)?.map(|entry| HashRef::of(entry).at(horizon_ms)))
    }

    /// The sorted set at `key`.
    pub fn zset(&self, key: &Key<'_>) -> Result<Option<ZSetRef<'_>>, WrongType> {
        Ok(self.typed(key, Kind::ZSet)?.map(ZSetRef::of))
    }

    /// The stream at `key`.
    pub fn stream(&self, key: &Key<'_>) -> Result<Option<StreamRef<'_>>, WrongType> {
        Ok(self.typed(key, Kind::Stream)?.map(StreamRef::of))
    }

    /// Visits the keys of the selected database from `cursor` on, at least `count` of them if there are as many,
    /// and returns where to go on; 0 begins, and, returned, says that all were seen. A key that is there
    /// throughout is visited, also when the calls are far apart.
    ///
    /// The cursor is the slot, above 32 bits of position within the slot.
    pub fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(EntryRef<'_>)) -> u64 {
        let mut slot = cursor >> 32;
        let mut position = cursor & 0xffff_ffff;
        let mut seen = 0;
        while slot < base::slot::SLOTS as u64 && seen < count {
            if position == 0 && self.keyspace.is_slot_empty(self.context.database, slot as u16) {
                slot += 1;
                continue;
            }
            self.with_slot(slot as u16, |held| {
                let Some(shard) = held.shard(self.context.database) else {
                    position = 0;
                    return;
                };
                position = shard.scan(position, count - seen, &mut |entry| {
                    seen += 1;
                    if is_expired(entry, self.context.horizon_ms()) {
                        note_passed(self.context.database, entry.key(), &mut self.tally.borrow_mut().news);
                    } else {
                        visit(entry);
                    }
                });
            });
            slot += u64::from(position == 0);
        }
        if slot < base::slot::SLOTS as u64 { slot << 32 | position } else { 0 }
    }

    /// Calls `visit` with a random key of the selected database, if there is any; all keys are about as likely.
    pub fn random_key(&self, visit: impl FnOnce(EntryRef<'_>)) {
        let database = self.context.database;
        let mut visit = Some(visit);
        // A slot is drawn by the number of its keys. What it drew may have expired or just been removed.
        for _ in 0..100 {
            let Some(slot) = self.keyspace.random_slot(database, self.random()) else { return };
            self.with_slot(slot, |held| {
                let loaded = Loaded::default();
                let shard = held.shard(database);
                let entry = shard.and_then(|shard| shard.random(&mut || self.random(), &loaded));
                if let Some(entry) = entry.filter(|entry| !is_expired(*entry, self.context.horizon_ms()))
                    && let Some(visit) = visit.take()
                {
                    visit(entry);
                }
            });
            if visit.is_none() {
                return;
            }
        }
        self.scan_all(&mut |entry| {
            if let Some(visit) = visit.take() {
                visit(entry);
            }
        });
    }

    /// Visits every key of the selected database, slot by slot.
    pub fn scan_all(&self, visit: &mut dyn FnMut(EntryRef<'_>)) {
        let mut cursor = 0;
        loop {
            cursor = self.scan(cursor, 1000, visit);
            if cursor == 0 {
                return;
            }
        }
    }

    /// The number of keys in the selected database.
    pub fn database_len(&self) -> usize {
        self.keyspace.len(self.context.database)
    }

    /// A slot that is held, or else, for a command that declares no keys but looks at all, one locked for the
    /// moment.
    fn with_slot(&self, index: u16, look: impl FnOnce(&Slot)) {
        if self.whole {
            look(self.held.slot(index))
        } else {
            look(&self.keyspace.slots[usize::from(index)].read())
        }
    }
}

/// Whether `entry` is to be taken as gone.
#[inline]
pub(crate) fn is_expired(entry: EntryRef<'_>, now_ms: u64) -> bool {
    entry.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms)
        || entry.is_timed() && is_gone(entry, now_ms)
}

/// Whether all elements of a value that have deadlines are to be taken as gone, and so its key.
#[cold]
fn is_gone(entry: EntryRef<'_>, now_ms: u64) -> bool {
    values::hash::is_gone(entry, now_ms)
}

/// What an entry keeps of its first use, or of one where uses are not counted.
#[inline]
pub(crate) fn access_clock(now_ms: u64) -> Access {
    Access::at(now_ms)
}

/// Notes that a command has used the entry.
#[inline]
pub(crate) fn note_use(entry: EntryRef<'_>, context: &Context, random: impl FnOnce() -> u64) {
    entry.touch(match context.counting {
        None => access_clock(context.now_ms),
        Some(counting) => entry.accessed().count_use(context.now_ms, counting, random()),
    });
}

/// The name that `OBJECT ENCODING` gives to the form of a value.
pub fn encoding_name(entry: EntryRef<'_>) -> &'static str {
    /// A longer string was never embedded in its object by Redis, and clients know that.
    const EMBEDDED_BYTES_MAX: usize = 44;
    match entry.form() {
        Form::Integer => "int",
        Form::Bytes if entry.value().len() <= EMBEDDED_BYTES_MAX => "embstr",
        Form::Bytes | Form::EditedBytes => "raw",
        Form::ListPacked | Form::SetPacked | Form::HashPacked | Form::ZSetPacked => "listpack",
        Form::HashPackedTimed => "listpackex",
        Form::ListIndexed | Form::ListStored => "quicklist",
        Form::SetIntegers => "intset",
        Form::SetIndexed | Form::SetStored | Form::HashIndexed | Form::HashStored => "hashtable",
        Form::HashIndexedTimed | Form::HashStoredTimed => "hashtable",
        Form::ZSetIndexed | Form::ZSetStored => "skiplist",
        Form::StreamIndexed | Form::StreamStored => "stream",
    }
}
