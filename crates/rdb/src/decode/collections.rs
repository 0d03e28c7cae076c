//! Lists and sets.

use values::entry::Entry;
use values::list::{self, ListMut};
use values::set::{self, SetMut};

use super::{Decoder, TWICE, each, not_empty};
use crate::damage::Damage;
use crate::packed::Item;
use crate::packed::intset::Intset;
use crate::packed::listpack::Listpack;
use crate::packed::ziplist::Ziplist;

/// The node of a list is one element.
const NODE_PLAIN: u64 = 1;
/// The node of a list is a listpack.
const NODE_PACKED: u64 = 2;

impl Decoder<'_, '_> {
    pub(super) fn list_of_strings(&mut self) -> Result<Entry, Damage> {
        let mut entry = list::empty(self.key);
        for _ in 0..self.input.count(1)? {
            let element = self.input.string()?;
            ListMut::of(&mut entry, self.limits).push_back(&element.bytes);
        }
        end_list(entry)
    }

    pub(super) fn list_of_ziplist(&mut self) -> Result<Entry, Damage> {
        let mut entry = list::empty(self.key);
        self.push_ziplist(&mut entry)?;
        end_list(entry)
    }

    pub(super) fn list_of_ziplists(&mut self) -> Result<Entry, Damage> {
        let mut entry = list::empty(self.key);
        for _ in 0..self.input.count(1)? {
            self.push_ziplist(&mut entry)?;
        }
        end_list(entry)
    }

    fn push_ziplist(&mut self, entry: &mut Entry) -> Result<(), Damage> {
        let text = self.input.string()?;
        each(&text, Ziplist::new, |item| self.push(entry, item))
    }

    fn push(&self, entry: &mut Entry, item: Item<'_>) -> Result<(), &'static str> {
        ListMut::of(entry, self.limits).push_back(item.bytes(&mut itoa::Buffer::new()));
        Ok(())
    }

    pub(super) fn list_of_listpacks(&mut self) -> Result<Entry, Damage> {
        let mut entry = list::empty(self.key);
        for _ in 0..self.input.count(2)? {
            let at = self.input.at();
            let container = self.input.length()?;
            let text = self.input.string()?;
            match container {
                NODE_PLAIN if text.bytes.is_empty() => {
                    return Err(Damage::new(at, "a list's node of nothing".into()));
                }
                NODE_PLAIN => ListMut::of(&mut entry, self.limits).push_back(&text.bytes),
                NODE_PACKED => each(&text, Listpack::new, |item| self.push(&mut entry, item))?,
                _ => return Err(Damage::new(at, "a list's node of no known kind".into())),
            }
        }
        end_list(entry)
    }

    pub(super) fn set_of_strings(&mut self) -> Result<Entry, Damage> {
        let count = self.input.count(1)?;
        let mut made = None;
        for _ in 0..count {
            let at = self.input.at();
            let member = self.input.string()?;
            let entry = made.get_or_insert_with(|| self.new_set(&member.bytes, count as usize));
            if !SetMut::of(entry, self.limits).insert(&member.bytes) {
                return Err(Damage::new(at, TWICE.into()));
            }
        }
        end_set(made.unwrap_or_else(|| set::empty(self.key)))
    }

    pub(super) fn set_of_intset(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        // What is wrong with it is told below.
        let expected = Intset::new(&text.bytes).map_or(0, |integers| integers.claimed());
        let mut entry = self.new_set(b"0", expected);
        each(&text, Intset::new, |item| self.add(&mut entry, item))?;
        end_set(entry)
    }

    pub(super) fn set_of_listpack(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        // What Redis has packed stays packed, also if it is integers alone.
        let mut entry = set::empty_packed(self.key);
        each(&text, Listpack::new, |item| self.add(&mut entry, item))?;
        end_set(entry)
    }

    fn new_set(&self, first: &[u8], expected: usize) -> Entry {
        set::empty_for(self.key, first, expected, self.limits)
    }

    fn add(&self, entry: &mut Entry, item: Item<'_>) -> Result<(), &'static str> {
        match SetMut::of(entry, self.limits).insert(item.bytes(&mut itoa::Buffer::new())) {
            true => Ok(()),
            false => Err(TWICE),
        }
    }
}

fn end_list(entry: Entry) -> Result<Entry, Damage> {
    let len = list::ListRef::of(entry.as_ref()).len();
    not_empty(entry, len)
}

fn end_set(entry: Entry) -> Result<Entry, Damage> {
    let len = set::SetRef::of(entry.as_ref()).len();
    not_empty(entry, len)
}
