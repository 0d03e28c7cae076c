//! Keys, with what every look-up needs to know of them.

/// A key as a command names it: its bytes, its slot and its hash, each computed once.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// The name.
    pub bytes: &'a [u8],
    /// The slot that it belongs to, below [`base::slot::SLOTS`].
    pub slot: u16,
    /// [`base::hash::hash`] of the name.
    pub hash: u64,
}

impl<'a> Key<'a> {
    /// The key of this name.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Key<'a> {
        Key { bytes, slot: base::slot::slot(bytes), hash: base::hash::hash(bytes) }
    }
}

/// A key in one of the databases, owned: what watchers and waiters are filed under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseKey {
    /// The database's number.
    pub database: u16,
    /// The name of the key.
    pub name: Box<[u8]>,
}

impl DatabaseKey {
    /// The key `name` of `database`.
    pub fn new(database: u16, name: &[u8]) -> DatabaseKey {
        DatabaseKey { database, name: name.into() }
    }
}
