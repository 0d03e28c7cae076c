//! Hashes some of whose fields have a deadline.
//!
//! Each form of a hash has one beside it that also holds deadlines: [packed], [indexed] and
//! [stored](crate::stored::StoredTimedHash). A hash has such a form while at least one of its fields has a deadline, so
//! that one without deadlines pays for them neither memory nor time; the form changes with the first deadline and
//! with the last.
//!
//! A field whose deadline has passed is there until a sweep removes it ([`HashMut::sweep`]), and is seen by nobody: what
//! is *live* depends on the moment at which one looks, which [`HashRef::at`] and [`HashMut::at`] say. Each form knows
//! a lower bound of its deadlines, so that a look at a hash of which nothing is due costs one comparison more.
//!
//! [`HashMut::sweep`]: super::HashMut::sweep
//! [`HashRef::at`]: super::HashRef::at
//! [`HashMut::at`]: super::HashMut::at

mod change;
pub(super) mod indexed;
pub(super) mod packed;

pub(super) use change::TimedMut;
pub(crate) use indexed::TimedHash;

use crate::entry::{EntryRef, Form};
use crate::stored::StoredTimedHash;

/// A hash with deadlines, to read.
#[derive(Clone, Copy)]
pub(super) struct TimedRef<'a> {
    held: Held<'a>,
    now_ms: u64,
}

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(&'a [u8]),
    Indexed(&'a TimedHash),
    Stored(&'a StoredTimedHash),
}

/// Takes a field, its value, and when it expires.
pub type VisitTimed<'v> = dyn FnMut(&[u8], &[u8], Option<u64>) + 'v;

/// Whether a field with this deadline is there for who looks at `now_ms`.
pub(crate) fn is_live(deadline_ms: Option<u64>, now_ms: u64) -> bool {
    deadline_ms.is_none_or(|deadline_ms| deadline_ms > now_ms)
}

impl<'a> TimedRef<'a> {
    /// The hash in `entry`, as it is before any deadline. Panics when it is of no such form.
    pub fn of(entry: EntryRef<'a>) -> TimedRef<'a> {
        let held = match entry.form() {
            Form::HashPackedTimed => Held::Packed(entry.value()),
            Form::HashIndexedTimed => Held::Indexed(entry.indexed()),
            _ => Held::Stored(entry.indexed()),
        };
        TimedRef { held, now_ms: 0 }
    }

    /// The same at `now_ms`.
    pub fn at(self, now_ms: u64) -> TimedRef<'a> {
        TimedRef { now_ms, ..self }
    }

    /// No field is due before this, in Unix milliseconds.
    pub fn due_ms(self) -> u64 {
        match self.held {
            Held::Packed(bytes) => packed::least(bytes),
            Held::Indexed(hash) => hash.due_ms(),
            Held::Stored(hash) => hash.due_ms(),
        }
    }

    /// Whether some fields may not be live.
    fn has_due(self) -> bool {
        self.due_ms() <= self.now_ms
    }

    /// Whether there is no live field.
    pub fn is_gone(self) -> bool {
        self.has_due()
            && match self.held {
                Held::Packed(bytes) => packed::elements(bytes).all(|element| !element.is_live(self.now_ms)),
                Held::Indexed(hash) => hash.is_gone(self.now_ms),
                Held::Stored(hash) => hash.is_gone(self.now_ms),
            }
    }

    /// How many live fields there are. Where some are due, these are counted.
    pub fn len(self) -> usize {
        let now_ms = self.now_ms;
        match self.held {
            Held::Packed(bytes) if !self.has_due() => packed::count(bytes),
            Held::Packed(bytes) => packed::elements(bytes).filter(|element| element.is_live(now_ms)).count(),
            Held::Indexed(hash) => hash.len() - hash.count_due(now_ms),
            Held::Stored(hash) => hash.live_len(now_ms),
        }
    }

    /// The value of a live field.
    pub fn get(self, field: &[u8]) -> Option<&'a [u8]> {
        match self.held {
            Held::Packed(bytes) => {
                let element = packed::find(bytes, field)?.1;
                element.is_live(self.now_ms).then_some(element.value)
            }
            Held::Indexed(hash) => hash.get(field, self.now_ms),
            Held::Stored(hash) => hash.get(field, self.now_ms),
        }
    }

    /// When a live field expires, if it ever does; `None` where there is no such field.
    pub fn deadline_ms(self, field: &[u8]) -> Option<Option<u64>> {
        let deadline_ms = match self.held {
            Held::Packed(bytes) => packed::find(bytes, field)?.1.deadline_ms,
            Held::Indexed(hash) => hash.deadline_ms(field)?,
            Held::Stored(hash) => hash.deadline_ms(field)?,
        };
        is_live(deadline_ms, self.now_ms).then_some(deadline_ms)
    }

    /// The live fields with their values.
    pub fn iter(self) -> Box<dyn Iterator<Item = [&'a [u8]; 2]> + 'a> {
        let now_ms = self.now_ms;
        match self.held {
            Held::Packed(bytes) => Box::new(
                packed::elements(bytes)
                    .filter(move |element| element.is_live(now_ms))
                    .map(packed::Timed::pair),
            ),
            Held::Indexed(hash) => Box::new(hash.iter(now_ms)),
            Held::Stored(hash) => hash.iter(now_ms),
        }
    }

    /// All fields with values and deadlines, due or not, for a copy.
    pub fn for_each(self, f: &mut VisitTimed<'_>) {
        match self.held {
            Held::Packed(bytes) => {
                packed::elements(bytes)
                    .for_each(|element| f(element.field, element.value, element.deadline_ms));
            }
            Held::Indexed(hash) => hash.for_each(f),
            Held::Stored(hash) => hash.for_each(f),
        }
    }

    /// As [`HashRef::scan`](super::HashRef::scan); fewer are given where some of those passed over are not live.
    pub fn scan(self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        match self.held {
            Held::Packed(_) => {
                self.iter().for_each(|[field, value]| f(field, value));
                0
            }
            Held::Indexed(hash) => hash.scan(cursor, count, self.now_ms, f),
            Held::Stored(hash) => hash.scan(cursor, count, self.now_ms, f),
        }
    }

    /// A live field picked at random, with its value.
    pub fn random(self, rng: &mut dyn FnMut() -> u64) -> Option<[&'a [u8]; 2]> {
        /// Draws before a walk settles it: only where nearly all fields are due do so many miss.
        const DRAWS: usize = 64;
        if let Held::Packed(_) = self.held {
            let len = self.len();
            return (len > 0).then(|| self.iter().nth(crate::packed::below(len, rng)))?;
        }
        for _ in 0..DRAWS {
            let drawn = match self.held {
                Held::Packed(_) => None,
                Held::Indexed(hash) => hash.random(self.now_ms, rng),
                Held::Stored(hash) => hash.random(self.now_ms, rng),
            };
            if drawn.is_some() {
                return drawn;
            }
        }
        self.iter().next()
    }
}
