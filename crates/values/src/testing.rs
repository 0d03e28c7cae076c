//! What the tests of this room share.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use base::random::Random;

use crate::elements::{Elements, Pair, Span};
use crate::entry::Entry;
use crate::stored;

/// Random numbers that are the same in every run.
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut random = Random::from_seed(seed);
    move || random.next_u64()
}

/// As many as a test needs to meet every case, or as few as Miri has time for.
pub fn rounds(many: usize) -> usize {
    if cfg!(miri) { many / 100 + 1 } else { many }
}

/// The elements of a stored collection, in memory, with a count of what is done to them. Like the tree of a store on
/// disk, it keeps what was removed or replaced until it is flushed, and a walk passes over it.
#[derive(Clone, Default)]
pub struct Map {
    records: BTreeMap<Vec<u8>, Record>,
    spent: Arc<[AtomicUsize; 5]>,
    beside: OnceLock<Box<Map>>,
}

/// What a key has and had since the last flush.
#[derive(Clone, Default)]
struct Record {
    value: Option<Vec<u8>>,
    versions: usize,
}

/// How often something was done to a [`Map`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Look-ups of one key.
    pub gets: usize,
    /// Walks and fetches.
    pub walks: usize,
    /// Pairs that these gave.
    pub pairs: usize,
    /// Changes.
    pub sets: usize,
    /// Versions of keys that the walks passed over, those that they gave among them.
    pub passed: usize,
}

impl Map {
    /// What was done since the last time that this was asked.
    pub fn spent(&self) -> Spent {
        let [gets, walks, pairs, sets, passed] =
            [0, 1, 2, 3, 4].map(|what| self.spent[what].swap(0, Ordering::Relaxed));
        Spent { gets, walks, pairs, sets, passed }
    }

    /// Forgets all versions but the newest of each key that is there.
    pub fn flush(&mut self) {
        self.records.retain(|_, record| {
            record.versions = 1;
            record.value.is_some()
        });
    }

    fn count(&self, what: usize, times: usize) {
        self.spent[what].fetch_add(times, Ordering::Relaxed);
    }

    fn span(&self, Span { lower, upper, backward }: Span<'_>) -> impl Iterator<Item = Pair<'_>> {
        self.count(1, 1);
        let is_ordered = match (lower, upper) {
            (Bound::Included(lower), Bound::Included(upper)) => lower <= upper,
            (
                Bound::Included(lower) | Bound::Excluded(lower),
                Bound::Included(upper) | Bound::Excluded(upper),
            ) => lower < upper,
            _ => true,
        };
        let mut range = is_ordered.then(|| self.records.range::<[u8], _>((lower, upper)));
        std::iter::from_fn(move || {
            let range = range.as_mut()?;
            loop {
                let (key, record) = if backward { range.next_back() } else { range.next() }?;
                self.count(4, record.versions);
                if let Some(value) = &record.value {
                    self.count(2, 1);
                    return Some((&key[..], &value[..]));
                }
            }
        })
    }

    fn change(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.count(3, 1);
        let record = self.records.entry(key.to_vec()).or_default();
        record.value = value.map(<[u8]>::to_vec);
        record.versions += 1;
    }
}

impl Elements for Map {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.count(0, 1);
        self.records.get(key)?.value.as_deref()
    }

    fn contains(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    fn fetch<'m>(&'m self, span: Span<'_>, limit: usize, pairs: &mut Vec<Pair<'m>>) {
        pairs.extend(self.span(span).take(limit));
    }

    fn walk(&self, span: Span<'_>, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        _ = self.span(span).all(|(key, value)| visit(key, value));
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.change(key, Some(value));
    }

    fn remove(&mut self, key: &[u8]) {
        self.change(key, None);
    }

    fn beside(&self) -> &dyn Elements {
        &**self.beside.get_or_init(Box::default)
    }

    fn beside_mut(&mut self) -> &mut dyn Elements {
        self.beside.get_or_init(Box::default);
        &mut **self.beside.get_mut().expect("it has just been made")
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Map>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Makes the collection in `entry` a stored one.
pub fn spill(entry: &mut Entry) {
    stored::spill(entry, Box::new(Map::default()));
}

/// The elements of the stored collection in `entry`.
pub fn map(entry: &Entry) -> &Map {
    let collection = stored::of(entry.as_ref()).expect("a stored collection");
    collection.elements().as_any().downcast_ref().expect("made by `spill`")
}

/// The elements of the stored collection in `entry`, to change.
pub fn map_mut(entry: &mut Entry) -> &mut Map {
    let collection = stored::of_mut(entry).expect("a stored collection");
    collection.elements_mut().as_any_mut().downcast_mut().expect("made by `spill`")
}

/// Another handle on the stored collection in `entry`.
pub fn share(entry: &Entry) -> Entry {
    stored::share(entry.as_ref(), Box::new(map(entry).clone()))
}

/// Makes the stored collection in `entry` again, of its meta and its elements.
pub fn reopen(entry: &mut Entry) {
    let (mut meta, len) = (Vec::new(), stored::of(entry.as_ref()).expect("a stored collection").len());
    let (form, elements) = (entry.form(), map(entry).clone());
    stored::of(entry.as_ref()).expect("as above").write_meta(&mut meta);
    stored::open(entry, form, &meta, Box::new(elements)).expect("meta that was just written");
    assert_eq!(stored::of(entry.as_ref()).map(stored::Stored::len), Some(len));
}
