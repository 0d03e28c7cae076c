//! Names in the order of their hashes: the fields of a hash, the members of a set, the members of a sorted set with
//! their scores.
//!
//! The order by hash is what makes a scan and a random pick cheap: a cursor is a hash, which needs no memory of what
//! was there, and an interval of hashes holds about as many names as any other of its width.

use std::ops::Bound;

use base::hash::stable_hash;

use super::{Key, Pairs};
use crate::elements::{Elements, Span};
use crate::packed::below;

const HASH_BYTES: usize = size_of::<u32>();
/// How many hashes there are.
const HASHES: u64 = 1 << u32::BITS;

/// Names that an interval holds on average, of those that random picks divide the hashes into.
const INTERVAL_MEAN: usize = 32;
/// Names that an interval may hold: more are above ten deviations from the mean.
const INTERVAL_SLOTS: usize = 88;
/// Draws before a walk through everything settles it: where names spread evenly, one pick in 2^40 gets so far.
const DRAWS: usize = 64;

/// The part of a collection's map whose keys are a prefix, the hash of a name, and the name.
#[derive(Clone, Copy)]
pub(super) struct Names {
    prefix: &'static [u8],
}

impl Names {
    /// The names below `prefix`, of which the last byte is not 255.
    pub(super) const fn below(prefix: &'static [u8]) -> Names {
        Names { prefix }
    }

    /// The key of `name`.
    pub(super) fn key(self, name: &[u8]) -> Key {
        let mut key = self.first_key(stable_hash(name));
        key.extend_from_slice(name);
        key
    }

    /// The name whose key this is.
    pub(super) fn name(self, key: &[u8]) -> &[u8] {
        key.get(self.prefix.len() + HASH_BYTES..).unwrap_or_default()
    }

    fn hash(self, key: &[u8]) -> u32 {
        let hash = key.get(self.prefix.len()..).and_then(<[u8]>::first_chunk);
        hash.map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes))
    }

    /// The lowest key that a name of this hash can have.
    fn first_key(self, hash: u32) -> Key {
        let mut key = Key::from_slice(self.prefix);
        key.extend_from_slice(&hash.to_be_bytes());
        key
    }

    /// The keys of hashes from `first` up to `end`, which is not one of them.
    fn span(self, first: u64, end: u64) -> [Bound<Key>; 2] {
        let bound = |hash: u64| match u32::try_from(hash) {
            Ok(hash) => Some(self.first_key(hash)),
            Err(_) => behind(self.prefix),
        };
        let lower = bound(first).map_or(Bound::Unbounded, Bound::Included);
        [lower, bound(end).map_or(Bound::Unbounded, Bound::Excluded)]
    }

    /// All `count` names with what lies under them.
    pub(super) fn pairs(self, elements: &dyn Elements, count: usize) -> Pairs<'_> {
        let [lower, upper] = self.span(0, HASHES);
        Pairs::new(elements, lower, upper, false, count)
    }

    /// Passes the names of hashes from `first` up to `end` to `visit` until it says false.
    fn walk(
        self,
        elements: &dyn Elements,
        first: u64,
        end: u64,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) {
        let [lower, upper] = self.span(first, end);
        let span = Span {
            lower: lower.as_ref().map(|key| &key[..]),
            upper: upper.as_ref().map(|key| &key[..]),
            backward: false,
        };
        elements.walk(span, visit);
    }

    /// Passes every name with what lies under it to `visit` until it says false. Holds nothing.
    pub(super) fn visit(self, elements: &dyn Elements, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.walk(elements, 0, HASHES, &mut |key, value| visit(self.name(key), value));
    }

    /// Gives `f` at least `count` names from `cursor` on, if there are so many, and returns where to go on: the
    /// next hash, so that names of one hash are given together. 0 is both where to begin and the end.
    pub(super) fn scan(
        self,
        elements: &dyn Elements,
        cursor: u64,
        count: usize,
        f: &mut dyn FnMut(&[u8], &[u8]),
    ) -> u64 {
        let (mut given, mut last, mut next) = (0, None, 0);
        self.walk(elements, cursor % HASHES, HASHES, &mut |key, value| {
            let hash = self.hash(key);
            if given >= count && last.is_some_and(|last| last != hash) {
                next = u64::from(hash);
                return false;
            }
            f(self.name(key), value);
            (given, last) = (given + 1, Some(hash));
            true
        });
        next
    }

    /// The key of one of `count` names, chosen uniformly.
    ///
    /// The hashes are divided into intervals of equal width, and a draw is one of them and one of its
    /// [`INTERVAL_SLOTS`]; it counts if the interval holds so many names. So each name has the same chance in each
    /// draw, and in the walk to a random place that follows if none counts. That an interval has more names than
    /// slots takes names that were chosen for it: then each of its names is chosen a little more rarely than
    /// others, by the factor of slots to names.
    pub(super) fn random_key(
        self,
        elements: &dyn Elements,
        count: usize,
        rng: &mut dyn FnMut() -> u64,
    ) -> Option<Key> {
        if count > INTERVAL_SLOTS {
            let intervals = (count.div_ceil(INTERVAL_MEAN) as u64).min(HASHES / 2);
            for _ in 0..DRAWS {
                let interval = below(intervals as usize, rng) as u64;
                let first = (interval * HASHES).div_ceil(intervals);
                let end = ((interval + 1) * HASHES).div_ceil(intervals);
                let slot = below(INTERVAL_SLOTS, rng);
                let (held, chosen) = self.nth(elements, first, end, slot, INTERVAL_SLOTS);
                if held > INTERVAL_SLOTS {
                    let (held, _) = self.nth(elements, first, end, 0, usize::MAX);
                    return self.nth(elements, first, end, below(held, rng), 0).1;
                }
                if chosen.is_some() {
                    return chosen;
                }
            }
        }
        self.nth(elements, 0, HASHES, below(count, rng), 0).1
    }

    /// The key of the `index`-th name of these hashes, and how many there are: what is above `enough` and behind
    /// the one looked for is not counted.
    fn nth(
        self,
        elements: &dyn Elements,
        first: u64,
        end: u64,
        index: usize,
        enough: usize,
    ) -> (usize, Option<Key>) {
        let (mut held, mut found) = (0, None);
        self.walk(elements, first, end, &mut |key, _| {
            if held == index {
                found = Some(Key::from_slice(key));
            }
            held += 1;
            held <= index.max(enough)
        });
        (held, found)
    }

    /// The pair of a key that is there, held.
    pub(super) fn pair<'a>(self, elements: &'a dyn Elements, key: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut pairs = Vec::with_capacity(1);
        let span = Span { lower: Bound::Included(key), upper: Bound::Included(key), backward: false };
        elements.fetch(span, 1, &mut pairs);
        pairs.pop().map(|(key, value)| (self.name(key), value))
    }
}

/// The lowest key behind all that begin with `prefix`, of which the last byte is not 255; none if it is empty.
pub(super) fn behind(prefix: &[u8]) -> Option<Key> {
    let mut key = Key::from_slice(prefix);
    *key.last_mut()? += 1;
    Some(key)
}
