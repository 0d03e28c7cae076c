//! Zipmaps (`zipmap.c`), in which Redis before 2.6 packed hashes, read.
//!
//! ```text
//!  +----------+--------+-------+--------+-------+-------+-------+-----+------+
//!  | elements | length | field | length | spare | value | spare | ... | 0xff |
//!  | 1 byte   |        |       |        | 1 byte|       | bytes |     |      |
//!  +----------+--------+-------+--------+-------+-------+-------+-----+------+
//! ```
//!
//! A length is one byte, or 254 and four bytes, little-endian. From 254 elements on they are not counted.

use super::{Item, Run, Wrong};

const END: u8 = 0xff;
const LONG: u8 = 0xfe;
const COUNT_UNKNOWN: u8 = 0xfe;

/// The fields and values of a zipmap, one after the other.
pub(crate) struct Zipmap<'a> {
    run: Run<'a>,
    claimed: u8,
    fields: usize,
    is_value_next: bool,
    is_over: bool,
}

impl<'a> Zipmap<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Zipmap<'a>, Wrong> {
        let mut run = Run::new(bytes);
        let claimed = run.byte()?;
        Ok(Zipmap { run, claimed, fields: 0, is_value_next: false, is_over: false })
    }

    fn item(&mut self) -> Result<Option<Item<'a>>, Wrong> {
        let run = &mut self.run;
        let start = run.at;
        let len = match run.byte()? {
            END if self.is_value_next => return Err(Wrong { at: start, what: "a field without a value" }),
            END => {
                let is_counted = self.claimed < COUNT_UNKNOWN;
                let what = if run.at != run.len() {
                    "a zipmap that ends early"
                } else if is_counted && usize::from(self.claimed) != self.fields {
                    "a zipmap with another number of fields than it says"
                } else {
                    return Ok(None);
                };
                return Err(Wrong { at: start, what });
            }
            LONG => run.length()?,
            short => usize::from(short),
        };
        let spare = if self.is_value_next { usize::from(run.byte()?) } else { 0 };
        let bytes = run.take(len)?;
        run.take(spare)?;
        self.fields += usize::from(!self.is_value_next);
        self.is_value_next = !self.is_value_next;
        Ok(Some(Item::Bytes(bytes)))
    }
}

impl<'a> Iterator for Zipmap<'a> {
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
