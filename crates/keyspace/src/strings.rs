//! Strings that a transaction sets and changes.

use values::buffer::Buffer;
use values::entry::{Entry, EntryMut, Form, Kind};
use values::string::{self, StringRef};

use crate::events::EventClasses;
use crate::handles::{Found, Touched};
use crate::view::WrongType;
use crate::{Key, WriteTxn};

/// When a string that is being set expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Never.
    Never,
    /// When the one before did.
    Keep,
    /// At this moment, in Unix milliseconds.
    At(u64),
}

/// A string to change. Its deadline stays.
pub struct StringMut<'t> {
    entry: EntryMut<'t>,
    touched: Touched<'t>,
    changed: bool,
}

impl StringMut<'_> {
    /// The string, to read.
    #[inline]
    pub fn read(&self) -> StringRef<'_> {
        StringRef::of(self.entry.as_ref())
    }

    /// Makes it an integer; one that is an integer already is changed in place.
    #[inline]
    pub fn set_integer(&mut self, value: i64) {
        self.changed = true;
        string::set_integer(&mut self.entry, value);
    }

    /// Lets `edit` change its bytes and say whether it did.
    pub fn edit(&mut self, edit: impl FnOnce(&mut dyn Buffer) -> bool) {
        string::make_bytes(&mut self.entry);
        self.changed |= edit(&mut self.entry.buffer());
    }

    /// As [`StringMut::edit`], where the bytes afterwards mean what they did before: that counts as a change, but
    /// those who watch the key or wait for it are not told.
    pub fn rewrite(&mut self, edit: impl FnOnce(&mut dyn Buffer) -> bool) {
        string::make_bytes(&mut self.entry);
        if edit(&mut self.entry.buffer()) {
            self.touched.tally.changes += 1;
            self.touched.is_to_be_stored(self.entry.as_ref().key());
        }
    }
}

impl Drop for StringMut<'_> {
    fn drop(&mut self) {
        if self.changed {
            self.touched.changed(|| self.entry.as_ref().key());
            self.touched.tell_change(Kind::String, || self.entry.as_ref().key());
        }
    }
}

impl WriteTxn<'_> {
    /// The string at `key`, to change.
    #[inline]
    pub fn string_mut(&mut self, key: &Key<'_>) -> Result<Option<StringMut<'_>>, WrongType> {
        let database = self.database();
        match self.locate(database, key) {
            Some(found) if found.entry.kind() != Kind::String => Err(WrongType),
            found => {
                Ok(found.map(|Found { entry, touched, .. }| StringMut { entry, touched, changed: false }))
            }
        }
    }

    /// Makes `key` a string.
    pub fn set_string(&mut self, key: &Key<'_>, value: &[u8], deadline: Deadline) {
        let mut scratch = [0; 8];
        let (form, bytes) = string::pack(value, &mut scratch);
        self.write_string(key, form, bytes, deadline);
    }

    /// As [`WriteTxn::set_string`], but holds an integer as its digits, as Redis holds what it has computed.
    pub fn set_bytes(&mut self, key: &Key<'_>, value: &[u8], deadline: Deadline) {
        self.write_string(key, Form::Bytes, value, deadline);
    }

    /// Makes `key` a string that is an integer.
    pub fn set_integer(&mut self, key: &Key<'_>, value: i64, deadline: Deadline) {
        self.write_string(key, Form::Integer, &value.to_le_bytes(), deadline);
    }

    fn write_string(&mut self, key: &Key<'_>, form: Form, bytes: &[u8], deadline: Deadline) {
        let deadline_ms = match deadline {
            Deadline::At(deadline_ms) if deadline_ms <= self.horizon_ms() => {
                self.remove(key);
                return;
            }
            Deadline::At(deadline_ms) => Some(deadline_ms),
            Deadline::Never | Deadline::Keep => None,
        };
        let (database, keyspace) = (self.database(), self.keyspace);
        if let Some(Found { mut entry, mut touched, .. }) = self.locate(database, key) {
            if entry.form().is_indexed() || entry.is_timed() {
                // What is large is freed elsewhere, so that nobody waits for it; what has deadlines within is counted.
                let emptied = Entry::build(key.bytes, Form::Bytes, entry.deadline_ms(), 0, |_| {});
                emptied.as_ref().touch(entry.as_ref().accessed());
                keyspace.discard(entry.replace(emptied));
            }
            entry.set_value(form, bytes);
            if deadline != Deadline::Keep && entry.deadline_ms() != deadline_ms {
                entry.set_deadline_ms(deadline_ms);
            }
            touched.changed(|| key.bytes);
            touched.tell_change(Kind::String, || key.bytes);
        } else {
            let fill = |out: &mut [u8]| out.copy_from_slice(bytes);
            self.insert_new(database, key, Entry::build(key.bytes, form, deadline_ms, bytes.len(), fill));
        }
        if deadline_ms.is_some() {
            self.tell(EventClasses::GENERIC, "expire", key);
        }
    }

    /// Lets `edit` change the bytes of the string at `key` and say whether it did; without a string there it
    /// makes one and starts with no bytes. Nothing is changed when the key holds another type.
    pub fn edit_string(
        &mut self,
        key: &Key<'_>,
        edit: impl FnOnce(&mut dyn Buffer) -> bool,
    ) -> Result<(), WrongType> {
        if let Some(mut string) = self.string_mut(key)? {
            string.edit(edit);
            return Ok(());
        }
        let mut entry = Entry::new(key.bytes, Form::EditedBytes, b"");
        edit(&mut entry.buffer());
        self.insert_new(self.database(), key, entry);
        Ok(())
    }
}
