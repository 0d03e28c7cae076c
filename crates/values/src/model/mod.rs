//! The fuzz targets of this room: each form does to random operations what a simple model does.
//!
//! An input is read as choices ([`fuzzing::Choices`]): one for the limits, so that small inputs cross them, then
//! operation by operation. An operation may be a run of many, which makes large structures out of few bytes. The
//! corpora are in `corpus/`, by the names of the targets; each input is named for where it leads.
//!
//! The targets of the table and of the sorted set stand with their other tests, whose models they share.

mod hash;
mod hyperloglog;
mod list;
mod set;
mod stream;
mod string;

use fuzzing::{Choices, fuzz};

use crate::entry::Entry;
use crate::testing::{reopen, spill};

/// Where the elements of a collection under test lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// In memory, in the forms that the limits ask for.
    Memory,
    /// Outside of the entry, from some operation on.
    Outside,
}

impl Home {
    /// Brings the collection there: at every fourth step, so that it is also found where a copy has put it.
    pub(crate) fn settle(self, entry: &mut Entry, step: usize) {
        if self == Home::Outside && step % 4 == 3 && !entry.form().is_stored() {
            spill(entry);
        }
    }
}

/// Runs a target with its corpus.
pub(crate) fn run(name: &str, target: impl Fn(&mut Choices<'_>)) {
    let corpus = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    fuzz(&corpus, |input| target(&mut Choices::new(input)));
}

/// Elements for collections: short and long, text and integers, and those near any limit of the targets.
pub(crate) fn element(choices: &mut Choices<'_>) -> Vec<u8> {
    match choices.byte() {
        number @ 0..=127 => number.to_string().into_bytes(),
        number @ 128..=199 => format!("element:{number}").into_bytes(),
        length @ 200..=239 => vec![b'x'; usize::from(length) - 200],
        240 => i64::MAX.to_string().into_bytes(),
        241 => i64::MIN.to_string().into_bytes(),
        shift @ 242..=250 => (-1i64 << (shift - 235)).to_string().into_bytes(),
        251 => (choices.bits() as i64).to_string().into_bytes(),
        252 => choices.bits().to_le_bytes()[..choices.below(9)].to_vec(),
        kilobytes => vec![choices.byte(); (usize::from(kilobytes) - 252) * 1024 * choices.below(20)],
    }
}

/// A run of elements that differ, as a run of operations takes them.
pub(crate) fn elements(choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let (first, count, step) = (choices.below(1 << 16), choices.below(1 << 10), choices.byte());
    let numbers = (0..count).map(|place| first + place * usize::from(step % 8));
    if step < 128 {
        numbers.map(|number| number.to_string().into_bytes()).collect()
    } else {
        numbers.map(|number| format!("run:{number}").into_bytes()).collect()
    }
}

/// Does what may happen to an entry whatever it holds, all of which leaves the value as it is.
pub(crate) fn rehouse(entry: &mut Entry, choices: &mut Choices<'_>) {
    if entry.form().is_stored() {
        reopen(entry);
    }
    let key = vec![b'k'; choices.pick(&[0, 3, 127, 128, 20_000])];
    match choices.below(4) {
        0 => entry.set_deadline_ms(Some(choices.bits())),
        1 => entry.set_deadline_ms(None),
        2 => {
            let deadline_ms = entry.deadline_ms();
            let original = std::mem::replace(entry, entry.as_ref().copy_to(&key));
            drop(original);
            assert_eq!((entry.key(), entry.deadline_ms()), (&key[..], deadline_ms));
        }
        _ => {
            let form = entry.form();
            let moved = std::mem::replace(entry, crate::hash::empty(b""));
            *entry = moved.with_key(&key);
            assert_eq!((entry.key(), entry.form()), (&key[..], form));
        }
    }
    assert!(entry.as_ref().memory_bytes() > entry.key().len());
}

/// Everything that `scan` gives from cursor to cursor until the end.
pub(crate) fn scan_all<T>(mut scan: impl FnMut(u64, &mut Vec<T>) -> u64) -> Vec<T> {
    let (mut found, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = scan(cursor, &mut found);
        if cursor == 0 {
            return found;
        }
    }
}
