//! Adding to a string that is an integer: INCR, DECR, INCRBY and DECRBY.

use crate::prelude::*;

/// Adds `increment` to the integer at `key`, 0 where there is none, and replies with the sum.
#[inline]
pub fn add(txn: &mut WriteTxn<'_>, key: &Key<'_>, increment: i64, reply: &mut Reply) -> Result<()> {
    const OVERFLOW: Error = Error::fixed("ERR increment or decrement would overflow");
    if let Some(mut string) = txn.string_mut(key)? {
        let value = string.read().integer().ok_or(Error::NotInteger)?;
        let sum = value.checked_add(increment).ok_or(OVERFLOW)?;
        string.set_integer(sum);
        reply.integer(sum);
        return Ok(());
    }
    txn.set_integer(key, increment, Deadline::Never);
    reply.integer(increment);
    Ok(())
}
