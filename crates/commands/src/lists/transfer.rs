//! Moving an element from one list to another: LMOVE, RPOPLPUSH and those that wait for it.

use keyspace::EventClasses;
use smallvec::SmallVec;
use values::entry::Kind;
use values::list::End;

use super::pop::popped_at;
use super::push::pushed_at;
use crate::prelude::*;

/// From where to where.
pub struct Transfer<'a> {
    pub source: Key<'a>,
    pub destination: Key<'a>,
    pub from: End,
    pub to: End,
}

impl Transfer<'_> {
    /// Moves an element, which is the reply, and says whether there was one; nothing is written if not. Source
    /// and destination may be the same.
    pub fn run(&self, txn: &mut WriteTxn<'_>, reply: &mut Reply) -> Result<bool> {
        let destination_fits = txn.peek(&self.destination).is_none_or(|entry| entry.kind() == Kind::List);
        txn.call_changes(popped_at(self.from));
        let Some(mut source) = txn.list_mut(&self.source)? else { return Ok(false) };
        if !destination_fits {
            return Err(Error::WrongType);
        }
        let Some(element) = source.pop(self.from, SmallVec::<[u8; 64]>::from_slice) else { return Ok(false) };
        if self.source.bytes == self.destination.bytes {
            source.push(self.to, [&element]);
            drop(source);
            txn.tell(EventClasses::LIST, pushed_at(self.to), &self.destination);
        } else {
            drop(source);
            txn.call_changes(pushed_at(self.to));
            txn.list_or_new(&self.destination)?.push(self.to, [&element]);
        }
        reply.bulk(&element);
        Ok(true)
    }

    /// As [`Transfer::run`], or waits for the source.
    pub fn run_or_wait(
        &self,
        txn: &mut WriteTxn<'_>,
        timeout: Timeout,
        reply: &mut Reply,
    ) -> Result<Attempt> {
        if self.run(txn, reply)? {
            return Ok(Attempt::Done);
        }
        reply.null();
        Ok(Wait::for_first_key(timeout.0))
    }
}
