//! The numbers with a meaning within streams.

/// An entry was deleted.
pub(crate) const IS_DELETED: i64 = 1;
/// An entry has the fields of the first one of its node, so that only its values follow.
pub(crate) const SAME_FIELDS: i64 = 2;
/// How many entries a group has read, where that is not known.
pub(crate) const ENTRIES_READ_UNKNOWN: u64 = u64::MAX;
/// When a consumer was active, where it never was.
pub(crate) const NEVER: i64 = -1;
