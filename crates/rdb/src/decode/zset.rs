//! Sorted sets.

use base::number::parse_f64;
use values::entry::Entry;
use values::zset::{self, Change, ZSetMut};

use super::{Decoder, TWICE, each_group, not_empty};
use crate::damage::Damage;
use crate::input::Text;
use crate::packed::listpack::Listpack;
use crate::packed::ziplist::Ziplist;
use crate::packed::{Item, Wrong};

const NO_SCORE: &str = "a score that is no number";

impl Decoder<'_, '_> {
    /// Members one by one, each before its score, as a double or as a text.
    pub(super) fn zset_of_strings(&mut self, is_binary: bool) -> Result<Entry, Damage> {
        let count = self.input.count(2)?;
        let mut entry = zset::empty(self.key);
        ZSetMut::of(&mut entry, self.limits).prepare(count as usize, 0);
        for _ in 0..count {
            let at = self.input.at();
            let member = self.input.string()?;
            let score = if is_binary { f64::from_le_bytes(self.input.array()?) } else { self.score_text()? };
            self.insert(&mut entry, &member.bytes, score).map_err(|what| Damage::new(at, what.into()))?;
        }
        end(entry)
    }

    /// A score as a text behind its length, of which the three highest stand for what is no digits.
    fn score_text(&mut self) -> Result<f64, Damage> {
        let at = self.input.at();
        match self.input.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Ok(f64::NAN),
            len => {
                let text = self.input.take(len.into())?;
                parse_f64(text).ok_or_else(|| Damage::new(at, NO_SCORE.into()))
            }
        }
    }

    pub(super) fn zset_of_ziplist(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        self.zset_of_run(&text, Ziplist::new)
    }

    pub(super) fn zset_of_listpack(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        self.zset_of_run(&text, Listpack::new)
    }

    fn zset_of_run<'t, I: Iterator<Item = Result<Item<'t>, Wrong>>>(
        &self,
        text: &'t Text<'_>,
        open: impl FnOnce(&'t [u8]) -> Result<I, Wrong>,
    ) -> Result<Entry, Damage> {
        let mut entry = zset::empty(self.key);
        each_group(text, open, |[member, score]| {
            let score = match score {
                Item::Integer(score) => score as f64,
                Item::Bytes(text) => parse_f64(text).ok_or(NO_SCORE)?,
            };
            self.insert(&mut entry, member.bytes(&mut itoa::Buffer::new()), score)
        })?;
        end(entry)
    }

    fn insert(&self, entry: &mut Entry, member: &[u8], score: f64) -> Result<(), &'static str> {
        if score.is_nan() {
            return Err(NO_SCORE);
        }
        match ZSetMut::of(entry, self.limits).insert(member, score) {
            Change::Added => Ok(()),
            Change::Updated | Change::Unchanged => Err(TWICE),
        }
    }
}

fn end(entry: Entry) -> Result<Entry, Damage> {
    let len = zset::ZSetRef::of(entry.as_ref()).len();
    not_empty(entry, len)
}
