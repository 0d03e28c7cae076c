//! Intsets (`intset.c`): sets of integers, ascending, read and written.
//!
//! ```text
//!  +---------+----------+---------+-----+
//!  | width   | elements | integer | ... |
//!  | 4 bytes | 4 bytes  |         |     |
//!  +---------+----------+---------+-----+
//! ```
//!
//! All of it is little-endian; the width of an integer is 2, 4 or 8 bytes.

use super::{Item, Run, Wrong};

const HEAD_BYTES: usize = 8;

/// The integers of an intset.
pub(crate) struct Intset<'a> {
    run: Run<'a>,
    width: usize,
    last: Option<i64>,
    is_over: bool,
}

impl<'a> Intset<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Intset<'a>, Wrong> {
        let mut run = Run::new(bytes);
        let (width, count) = (run.length()?, run.length()?);
        if !matches!(width, 2 | 4 | 8) {
            return Err(Wrong { at: 0, what: "integers of no known width" });
        }
        if count.checked_mul(width).and_then(|len| len.checked_add(HEAD_BYTES)) != Some(bytes.len()) {
            return Err(Wrong { at: 4, what: "an intset of another length than it says" });
        }
        Ok(Intset { run, width, last: None, is_over: false })
    }

    /// How many integers there are.
    pub fn claimed(&self) -> usize {
        (self.run.len() - HEAD_BYTES) / self.width
    }

    fn item(&mut self) -> Result<Option<Item<'a>>, Wrong> {
        if self.run.at == self.run.len() {
            return Ok(None);
        }
        let wrong = self.run.wrong("an intset that is not in order");
        let item = match self.width {
            2 => self.run.integer::<2>()?,
            4 => self.run.integer::<4>()?,
            _ => self.run.integer::<8>()?,
        };
        let Item::Integer(integer) = item else { return Err(wrong) };
        if self.last.is_some_and(|last| last >= integer) {
            return Err(wrong);
        }
        self.last = Some(integer);
        Ok(Some(item))
    }
}

impl<'a> Iterator for Intset<'a> {
    type Item = Result<Item<'a>, Wrong>;

    fn next(&mut self) -> Option<Result<Item<'a>, Wrong>> {
        if self.is_over {
            return None;
        }
        let item = self.item().transpose();
        self.is_over = !matches!(item, Some(Ok(_)));
        item
    }
}

/// The intset of these integers, which ascend.
pub(crate) fn write(integers: impl ExactSizeIterator<Item = i64> + Clone) -> Vec<u8> {
    let width_of = |integer: i64| match () {
        _ if i16::try_from(integer).is_ok() => 2,
        _ if i32::try_from(integer).is_ok() => 4,
        _ => 8,
    };
    let width: u8 = integers.clone().map(width_of).max().unwrap_or(2);
    let count = u32::try_from(integers.len()).expect("a set of integers is far below 4 GiB");
    let mut bytes = u32::from(width).to_le_bytes().to_vec();
    bytes.extend(count.to_le_bytes());
    integers.for_each(|integer| bytes.extend(integer.to_le_bytes().into_iter().take(usize::from(width))));
    bytes
}
