//! Hashes.

use values::entry::Entry;
use values::hash::{self, HashMut};

use super::{Decoder, TWICE, each_group, not_empty};
use crate::damage::Damage;
use crate::input::Text;
use crate::packed::listpack::Listpack;
use crate::packed::ziplist::Ziplist;
use crate::packed::zipmap::Zipmap;
use crate::packed::{Item, Wrong};

/// No field expires later, in Unix milliseconds: Redis' `EB_EXPIRE_TIME_MAX`.
const DEADLINE_MS_MAX: u64 = 0xffff_ffff_fffe;
const DEADLINE_TOO_LATE: &str = "a field's deadline that is out of range";

impl Decoder<'_, '_> {
    pub(super) fn hash_of_strings(&mut self) -> Result<Entry, Damage> {
        let count = self.input.count(2)?;
        let mut entry = self.new_hash(count as usize);
        for _ in 0..count {
            let at = self.input.at();
            let (field, value) = (self.input.string()?, self.input.string()?);
            self.set(&mut entry, &field.bytes, &value.bytes, 0)
                .map_err(|what| Damage::new(at, what.into()))?;
        }
        end(entry)
    }

    pub(super) fn hash_of_zipmap(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        self.hash_of_run(&text, Zipmap::new)
    }

    pub(super) fn hash_of_ziplist(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        self.hash_of_run(&text, Ziplist::new)
    }

    pub(super) fn hash_of_listpack(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        self.hash_of_run(&text, Listpack::new)
    }

    fn hash_of_run<'t, I: Iterator<Item = Result<Item<'t>, Wrong>>>(
        &self,
        text: &'t Text<'_>,
        open: impl FnOnce(&'t [u8]) -> Result<I, Wrong>,
    ) -> Result<Entry, Damage> {
        let mut entry = hash::empty(self.key);
        each_group(text, open, |[field, value]| self.set_items(&mut entry, field, value, 0))?;
        end(entry)
    }

    /// Fields one by one, each behind its deadline: 0 where there is none, and where there is a `base`, one more than the
    /// distance from it.
    pub(super) fn hash_of_strings_with_deadlines(&mut self, has_base: bool) -> Result<Entry, Damage> {
        let base = self.base(has_base)?;
        let count = self.input.count(3)?;
        let mut entry = self.new_hash(count as usize);
        for _ in 0..count {
            let at = self.input.at();
            let deadline = self.input.length()?;
            let deadline_ms = match (deadline, has_base) {
                (0, _) => Some(0),
                (distance, true) => base.checked_add(distance - 1),
                (deadline_ms, false) => Some(deadline_ms),
            };
            let (field, value) = (self.input.string()?, self.input.string()?);
            deadline_ms
                .ok_or(DEADLINE_TOO_LATE)
                .and_then(|deadline_ms| self.set(&mut entry, &field.bytes, &value.bytes, deadline_ms))
                .map_err(|what| Damage::new(at, what.into()))?;
        }
        end(entry)
    }

    /// A listpack of fields, values and deadlines, 0 where there is none.
    pub(super) fn hash_of_listpack_with_deadlines(&mut self, has_base: bool) -> Result<Entry, Damage> {
        // The least deadline, which the deadlines themselves tell too.
        self.base(has_base)?;
        let text = self.input.string()?;
        let mut entry = hash::empty(self.key);
        each_group(&text, Listpack::new, |[field, value, deadline_ms]| match deadline_ms {
            Item::Integer(deadline_ms) => {
                let deadline_ms = u64::try_from(deadline_ms).map_err(|_| DEADLINE_TOO_LATE)?;
                self.set_items(&mut entry, field, value, deadline_ms)
            }
            Item::Bytes(_) => Err("a field's deadline that is no number"),
        })?;
        end(entry)
    }

    fn base(&mut self, has_base: bool) -> Result<u64, Damage> {
        if !has_base {
            return Ok(0);
        }
        let at = self.input.at();
        u64::try_from(self.input.milliseconds()?).map_err(|_| Damage::new(at, DEADLINE_TOO_LATE.into()))
    }

    fn new_hash(&self, fields: usize) -> Entry {
        let mut entry = hash::empty(self.key);
        HashMut::of(&mut entry, self.limits).reserve(fields);
        entry
    }

    fn set_items(
        &self,
        entry: &mut Entry,
        field: Item<'_>,
        value: Item<'_>,
        deadline_ms: u64,
    ) -> Result<(), &'static str> {
        let (mut field_digits, mut value_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        self.set(entry, field.bytes(&mut field_digits), value.bytes(&mut value_digits), deadline_ms)
    }

    /// Adds a field, which must not be there yet; 0 is no deadline.
    fn set(
        &self,
        entry: &mut Entry,
        field: &[u8],
        value: &[u8],
        deadline_ms: u64,
    ) -> Result<(), &'static str> {
        if deadline_ms > DEADLINE_MS_MAX {
            return Err(DEADLINE_TOO_LATE);
        }
        let mut hash = HashMut::of(entry, self.limits);
        if !hash.set(field, value) {
            return Err(TWICE);
        }
        if deadline_ms > 0 {
            hash.set_deadline_ms(field, Some(deadline_ms));
        }
        Ok(())
    }
}

fn end(entry: Entry) -> Result<Entry, Damage> {
    let len = hash::HashRef::of(entry.as_ref()).len();
    not_empty(entry, len)
}
