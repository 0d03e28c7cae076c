//! What commands on strings have in common.

use values::string::{Digits, StringRef};

use crate::prelude::*;

/// Replies with a string, or with nothing.
#[inline]
pub fn reply_value(value: Option<StringRef<'_>>, reply: &mut Reply) {
    match value {
        Some(StringRef::Bytes(bytes)) => reply.bulk(bytes),
        Some(StringRef::Integer(integer)) => reply.bulk_integer(integer),
        None => reply.null(),
    }
}

/// Whether `key` is a string that is `value`.
pub fn holds_value(txn: &mut WriteTxn<'_>, key: &Key<'_>, value: &[u8]) -> Result<bool> {
    let held = txn.string(key)?;
    Ok(held.is_some_and(|held| held.bytes(&mut Digits::new()) == value))
}

/// `len` and `more` bytes together, if a string may become so long.
pub fn check_len(len: usize, more: usize, bytes_max: usize) -> Result<usize> {
    const TOO_LONG: Error = Error::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    len.checked_add(more).filter(|total| *total <= bytes_max).ok_or(TOO_LONG)
}
