//! A stored hash some of whose fields have a deadline. The fields and values lie as in any stored hash; the deadlines lie
//! in the map beside them, by field and in order, so that giving a field a deadline does not touch its value, and what
//! is due is found without a walk over the rest.

use std::collections::HashSet;
use std::ops::Bound;

use super::{Key, Malformed, Stored, StoredHash, number};
use crate::elements::{Elements, Span};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::hash::{IndexedHash, TimedHash, VisitTimed, is_live};

/// Before a field whose deadline is to be found.
const OF_FIELD: u8 = b'd';
/// Before a deadline whose field is to be found.
const IN_ORDER: u8 = b't';
const DEADLINE_BYTES: usize = size_of::<u64>();

/// A hash, of which the map beside its elements has deadlines.
pub struct StoredTimedHash {
    hash: StoredHash,
    /// How many fields have one.
    timed: usize,
    /// None is before this. What lies before it in the map was removed, and is never walked over again.
    least_ms: u64,
}

fn key_of_field(field: &[u8]) -> Key {
    let mut key = Key::from_slice(&[OF_FIELD]);
    key.extend_from_slice(field);
    key
}

fn key_in_order(deadline_ms: u64, field: &[u8]) -> Key {
    let mut key = Key::from_slice(&[IN_ORDER]);
    key.extend_from_slice(&deadline_ms.to_be_bytes());
    key.extend_from_slice(field);
    key
}

/// The deadline and the field that a key in order names.
fn read_in_order(key: &[u8]) -> Option<(u64, &[u8])> {
    let (deadline, field) = key.get(1..)?.split_first_chunk::<DEADLINE_BYTES>()?;
    Some((u64::from_be_bytes(*deadline), field))
}

impl StoredTimedHash {
    /// The hash as it is, without a deadline so far.
    pub(crate) fn over(hash: StoredHash) -> StoredTimedHash {
        StoredTimedHash { hash, timed: 0, least_ms: u64::MAX }
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredTimedHash, Malformed> {
        let [count, timed, least_ms] = number::read_meta(meta)?;
        let timed = number::count(timed)?;
        Ok(StoredTimedHash { hash: StoredHash::with_count(number::count(count)?, elements), timed, least_ms })
    }

    /// The same hash by other `elements`, which are the same as well.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredTimedHash {
        StoredTimedHash { hash: self.hash.share(elements), ..*self }
    }

    /// The hash, which has no deadlines any more.
    pub(crate) fn into_untimed(self) -> StoredHash {
        self.hash
    }

    /// How many fields have a deadline.
    pub(crate) fn timed(&self) -> usize {
        self.timed
    }

    fn beside(&self) -> &dyn Elements {
        self.hash.elements().beside()
    }

    fn beside_mut(&mut self) -> &mut dyn Elements {
        self.hash.elements_mut().beside_mut()
    }

    pub(crate) fn due_ms(&self) -> u64 {
        self.least_ms
    }

    /// The deadline of a field, wherever it lies.
    fn stored_deadline_ms(&self, field: &[u8]) -> Option<u64> {
        let bytes = self.beside().get(&key_of_field(field))?;
        bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(crate) fn deadline_ms(&self, field: &[u8]) -> Option<Option<u64>> {
        self.hash.contains(field).then(|| self.stored_deadline_ms(field))
    }

    /// Whether a field that is there is live. Where nothing is due its deadline is not asked for.
    fn is_live(&self, field: &[u8], now_ms: u64) -> bool {
        self.least_ms > now_ms || is_live(self.stored_deadline_ms(field), now_ms)
    }

    /// Passes deadlines from the least on, with their fields, to `visit` until it says false.
    fn walk(&self, visit: &mut dyn FnMut(u64, &[u8]) -> bool) {
        let (lower, upper) = (key_in_order(self.least_ms, &[]), [IN_ORDER + 1]);
        let span = Span { lower: Bound::Included(&lower), upper: Bound::Excluded(&upper), backward: false };
        self.beside().walk(span, &mut |key, _| {
            read_in_order(key).is_none_or(|(deadline_ms, field)| visit(deadline_ms, field))
        });
    }

    pub(crate) fn is_gone(&self, now_ms: u64) -> bool {
        if self.timed != self.len() {
            return false;
        }
        let mut is_gone = true;
        let (lower, upper) = (key_in_order(self.least_ms, &[]), [IN_ORDER + 1]);
        let span = Span { lower: Bound::Included(&lower), upper: Bound::Excluded(&upper), backward: true };
        self.beside().walk(span, &mut |key, _| {
            is_gone = read_in_order(key).is_none_or(|(last_ms, _)| last_ms <= now_ms);
            false
        });
        is_gone
    }

    /// The fields that are due.
    fn due(&self, now_ms: u64) -> HashSet<Box<[u8]>> {
        let mut due = HashSet::new();
        if self.least_ms <= now_ms {
            self.walk(&mut |deadline_ms, field| {
                let goes_on = deadline_ms <= now_ms;
                if goes_on {
                    due.insert(field.into());
                }
                goes_on
            });
        }
        due
    }

    pub(crate) fn live_len(&self, now_ms: u64) -> usize {
        let mut due = 0;
        if self.least_ms <= now_ms {
            self.walk(&mut |deadline_ms, _| {
                due += usize::from(deadline_ms <= now_ms);
                deadline_ms <= now_ms
            });
        }
        self.len().saturating_sub(due)
    }

    pub(crate) fn get(&self, field: &[u8], now_ms: u64) -> Option<&[u8]> {
        self.hash.get(field).filter(|_| self.is_live(field, now_ms))
    }

    pub(crate) fn iter<'h>(&'h self, now_ms: u64) -> Box<dyn Iterator<Item = [&'h [u8]; 2]> + 'h> {
        let due = self.due(now_ms);
        if due.is_empty() {
            return Box::new(self.hash.iter());
        }
        Box::new(self.hash.iter().filter(move |[field, _]| !due.contains(*field)))
    }

    pub(crate) fn for_each(&self, f: &mut VisitTimed<'_>) {
        self.hash.visit(&mut |field, value| f(field, value, self.stored_deadline_ms(field)));
    }

    pub(crate) fn scan(
        &self,
        cursor: u64,
        count: usize,
        now_ms: u64,
        f: &mut dyn FnMut(&[u8], &[u8]),
    ) -> u64 {
        self.hash.scan(cursor, count, &mut |field, value| {
            if self.is_live(field, now_ms) {
                f(field, value);
            }
        })
    }

    /// A field picked at random, if it is live.
    pub(crate) fn random(&self, now_ms: u64, rng: &mut dyn FnMut() -> u64) -> Option<[&[u8]; 2]> {
        self.hash.random(rng).filter(|[field, _]| self.is_live(field, now_ms))
    }

    /// Whether the field is new to who looks at `now_ms`. Its deadline goes, unless it `keeps` it.
    pub(crate) fn set(&mut self, field: &[u8], value: &[u8], keeps: bool, now_ms: u64) -> bool {
        let old_ms = self.stored_deadline_ms(field);
        let was_live = is_live(old_ms, now_ms);
        if let Some(old_ms) = old_ms
            && !(keeps && was_live)
        {
            self.forget(field, old_ms);
        }
        self.hash.set(field, value) || !was_live
    }

    /// Whether the field was there for who looks at `now_ms`.
    pub(crate) fn remove(&mut self, field: &[u8], now_ms: u64) -> bool {
        let old_ms = self.stored_deadline_ms(field);
        if let Some(old_ms) = old_ms {
            self.forget(field, old_ms);
        }
        self.hash.remove(field) && is_live(old_ms, now_ms)
    }

    /// Sets or removes the deadline of a field that is there.
    pub(crate) fn set_deadline_ms(&mut self, field: &[u8], deadline_ms: Option<u64>) {
        if let Some(old_ms) = self.stored_deadline_ms(field) {
            self.forget(field, old_ms);
        }
        if let Some(deadline_ms) = deadline_ms {
            self.timed += 1;
            self.least_ms = self.least_ms.min(deadline_ms);
            let beside = self.beside_mut();
            beside.set(&key_of_field(field), &deadline_ms.to_le_bytes());
            beside.set(&key_in_order(deadline_ms, field), &[]);
        }
    }

    /// Removes the deadline of a field that has this one.
    fn forget(&mut self, field: &[u8], deadline_ms: u64) {
        self.timed = self.timed.saturating_sub(1);
        let beside = self.beside_mut();
        beside.remove(&key_of_field(field));
        beside.remove(&key_in_order(deadline_ms, field));
    }

    /// Removes up to `fields_max` fields that are due, names them, and returns how many it were.
    pub(crate) fn sweep(&mut self, now_ms: u64, fields_max: usize, swept: &mut dyn FnMut(&[u8])) -> usize {
        let (mut due, mut next_ms) = (Vec::<(u64, Box<[u8]>)>::new(), u64::MAX);
        self.walk(&mut |deadline_ms, field| {
            let goes_on = deadline_ms <= now_ms && due.len() < fields_max;
            if goes_on {
                due.push((deadline_ms, field.into()));
            } else {
                next_ms = deadline_ms;
            }
            goes_on
        });
        for (deadline_ms, field) in &due {
            self.forget(field, *deadline_ms);
            self.hash.remove(field);
            swept(field);
        }
        self.least_ms = next_ms;
        due.len()
    }
}

impl Stored for StoredTimedHash {
    fn elements(&self) -> &dyn Elements {
        self.hash.elements()
    }

    fn elements_mut(&mut self) -> &mut dyn Elements {
        self.hash.elements_mut()
    }

    fn write_meta(&self, out: &mut Vec<u8>) {
        number::write_meta(&[self.len() as u64, self.timed as u64, self.least_ms], out);
    }

    fn len(&self) -> usize {
        self.hash.len()
    }
}

impl Collection for StoredTimedHash {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredTimedHash>() - size_of::<StoredHash>() + self.hash.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = TimedHash::over(IndexedHash::new());
        self.for_each(&mut |field, value, deadline_ms| copy.add(field, value, deadline_ms));
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredTimedHash {
    const FORM: Form = Form::HashStoredTimed;
}
