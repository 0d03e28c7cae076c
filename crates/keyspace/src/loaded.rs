//! What a view has fetched from where databases are stored: kept until the view ends, so that what it hands out stays
//! where it is.

use std::cell::OnceCell;

use elsa::FrozenVec;
use values::entry::{Entry, EntryRef};

/// Entries that belong to one view. Most views fetch none, so it takes no more than a pointer.
#[derive(Default)]
pub struct Loaded(OnceCell<Box<FrozenVec<Box<Fetched>>>>);

struct Fetched {
    entry: Entry,
    /// As [`crate::engine::Shard::admit`] takes it; `None` when nobody else can use the entry.
    generation: Option<u64>,
}

impl Loaded {
    /// Keeps `entry`. With the `generation` of the shard that it was fetched for, the shard may take it in when the
    /// view has ended.
    pub fn keep(&self, entry: Entry, generation: Option<u64>) -> EntryRef<'_> {
        self.0.get_or_init(Box::default).push_get(Box::new(Fetched { entry, generation })).entry.as_ref()
    }

    /// Whether anything is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// What shards may take in, each with its generation.
    pub(crate) fn into_admissible(self) -> impl Iterator<Item = (Entry, u64)> {
        let fetched = self.0.into_inner().map_or_else(Vec::new, |fetched| fetched.into_vec());
        fetched.into_iter().filter_map(|fetched| Some((fetched.entry, fetched.generation?)))
    }
}
