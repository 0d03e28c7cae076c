//! What commands on hashes have in common.

use crate::prelude::*;

/// The value of `field` in the hash at `key`, if both are there.
#[inline]
pub fn find<'v>(view: &'v ReadView<'_>, key: &Key<'_>, field: &[u8]) -> Result<Option<&'v [u8]>> {
    Ok(view.hash(key)?.and_then(|hash| hash.get(field)))
}

/// Sets fields of the hash at `key`, which is made if it is not there, and returns how many of them are new.
pub fn set_all(txn: &mut WriteTxn<'_>, key: &Key<'_>, pairs: &[Pair<&[u8], &[u8]>]) -> Result<usize> {
    let mut hash = txn.hash_or_new(key)?;
    hash.reserve(pairs.len());
    Ok(pairs.iter().filter(|Pair(field, value)| hash.set(field, value)).count())
}
