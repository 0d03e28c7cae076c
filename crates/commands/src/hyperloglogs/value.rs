//! Strings that are HyperLogLogs.

use values::buffer::Buffer;
use values::hyperloglog::{self, Corrupt};
use values::string::StringRef;

use crate::prelude::*;

/// The bytes of a string that is a HyperLogLog by its header.
pub fn bytes(string: StringRef<'_>) -> Result<&[u8]> {
    const NO_HYPERLOGLOG: Error = Error::fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
    match string {
        StringRef::Bytes(bytes) if hyperloglog::encoding(bytes).is_some() => Ok(bytes),
        _ => Err(NO_HYPERLOGLOG),
    }
}

/// Lets `change` change the HyperLogLog at `key` and say whether it did; without one there it makes one, which is
/// a change.
pub fn change(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    change: impl FnOnce(&mut dyn Buffer) -> std::result::Result<bool, Corrupt>,
) -> Result<bool> {
    if let Some(string) = txn.string_mut(key)? {
        bytes(string.read())?;
    }
    let mut result = Ok(false);
    txn.edit_string(key, |buffer| {
        let is_new = buffer.bytes().is_empty();
        if is_new {
            let empty = hyperloglog::empty();
            buffer.splice(0, 0, empty.len()).copy_from_slice(&empty);
            hyperloglog::invalidate_count(buffer.bytes_mut());
        }
        result = change(buffer).map(|changed| changed || is_new);
        result == Ok(true)
    })?;
    result.map_err(Error::from)
}

impl From<Corrupt> for Error {
    fn from(_: Corrupt) -> Error {
        Error::fixed("INVALIDOBJ Corrupted HLL object detected")
    }
}
