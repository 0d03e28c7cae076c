//! DEBUG POPULATE: many keys at once.

use commands::prelude::*;
use keyspace::Needs;

use crate::clock::unix_ms;
use crate::session::Session;

/// Makes strings `prefix:0`, `prefix:1` and so on, but for those that are there: `value:0` and so on, cut off or
/// filled with zeros to `len` bytes where that is not 0.
pub(super) fn populate(session: &mut Session, count: &[u8], prefix: &[u8], len: Option<&[u8]>) -> Result<()> {
    let count = positive(count)?;
    let len = len.map_or(Ok(0), positive)?;
    if len > session.server.settings().clients.bulk_bytes_max {
        return Err(Error::NotPositive);
    }
    let context = session.context(unix_ms());
    for number in 0..count {
        let name = [prefix, format!(":{number}").as_bytes()].concat();
        let key = Key::new(&name);
        let mut value = format!("value:{number}").into_bytes();
        if len > 0 {
            value.resize(len, 0);
        }
        let needs = Needs::of_slots([key.slot].into_iter().collect());
        let mut txn = session.server.keyspace.write(&needs, context);
        if txn.peek(&key).is_none() {
            txn.set_string(&key, &value, Deadline::Never);
        }
        let tally = txn.commit()?;
        drop(txn);
        session.note_changes(&tally);
        session.server.statistics.count(&tally);
    }
    Ok(())
}

fn positive(word: &[u8]) -> Result<usize> {
    let number = base::number::parse_i64(word).and_then(|number| usize::try_from(number).ok());
    number.ok_or(Error::NotPositive)
}
