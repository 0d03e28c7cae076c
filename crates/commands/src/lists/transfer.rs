//! Moving an element from one list to another: LMOVE, RPOPLPUSH and those that wait for it.

use smallvec::SmallVec;
use values::entry::Kind;
use values::list::{End, ListRef};

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
        let Some(entry) = txn.peek(&self.source) else { return Ok(false) };
        if entry.kind() != Kind::List {
            return Err(Error::WrongType);
        }
        let index = if self.from == End::Front { 0 } else { -1 };
        let element = ListRef::of(entry).get(index).map(SmallVec::<[u8; 64]>::from_slice);
        let Some(element) = element else { return Ok(false) };
        // As Redis does, which tells of the push first.
        txn.call_changes(pushed_at(self.to));
        txn.list_or_new(&self.destination)?.push(self.to, [&element]);
        txn.call_changes(popped_at(self.from));
        if let Some(mut source) = txn.list_mut(&self.source)? {
            source.pop(self.from, |_| ());
        }
        // Both are one change to whoever counts.
        txn.uncount_change();
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
            let (source, destination) = (self.source.bytes, self.destination.bytes);
            let side = |end| if end == End::Front { b"LEFT".as_slice() } else { b"RIGHT" };
            let (from, to) = (side(self.from), side(self.to));
            txn.did(|did| did.command([b"LMOVE", source, destination, from, to]));
            return Ok(Attempt::Done);
        }
        reply.null();
        Ok(Wait::for_first_key(timeout.0))
    }
}
