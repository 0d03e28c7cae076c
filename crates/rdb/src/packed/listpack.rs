//! Listpacks (`listpack.c`), read and written.
//!
//! ```text
//!  +-------------+----------+-------+-----+------+
//!  | total bytes | elements | entry | ... | 0xff |
//!  | 4 bytes     | 2 bytes  |       |     |      |
//!  +-------------+----------+-------+-----+------+
//! ```
//!
//! Numbers are little-endian; 65,535 elements say that there are so many or more. An entry is its encoding, what that
//! announces, and the length of both in one to five groups of seven bits, which reads from its end:
//!
//! | encoding | what follows |
//! |---|---|
//! | `0xxxxxxx` | nothing: the integer is 0 to 127 |
//! | `10xxxxxx` | so many bytes |
//! | `110xxxxx` | the lower byte of an integer of 13 bits |
//! | `1110xxxx` | the lower byte of a length below 4,096, then so many bytes |
//! | `0xf0` | a length in four bytes, then so many bytes |
//! | `0xf1` to `0xf4` | an integer in 2, 3, 4 or 8 bytes |

use base::number::parse_i64;

use super::{Item, Run, Wrong};

const HEAD_BYTES: usize = 6;
const END: u8 = 0xff;
/// So many elements are not counted any more.
const COUNT_UNKNOWN: u16 = u16::MAX;

const STRING_SHORT: u8 = 0x80;
const STRING_SHORT_MAX: usize = 0x3f;
const INTEGER_13: u8 = 0xc0;
const STRING_MIDDLE: u8 = 0xe0;
const STRING_MIDDLE_MAX: usize = 0xfff;
const STRING_LONG: u8 = 0xf0;
const INTEGER_16: u8 = 0xf1;
const INTEGER_24: u8 = 0xf2;
const INTEGER_32: u8 = 0xf3;
const INTEGER_64: u8 = 0xf4;

/// The elements of a listpack.
pub(crate) struct Listpack<'a> {
    run: Run<'a>,
    claimed: u16,
    seen: usize,
    is_over: bool,
}

impl<'a> Listpack<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Listpack<'a>, Wrong> {
        let mut run = Run::new(bytes);
        let total = run.length()?;
        let claimed = run.u16()?;
        if total != bytes.len() || total <= HEAD_BYTES {
            return Err(Wrong { at: 0, what: "a listpack of another length than it says" });
        }
        Ok(Listpack { run, claimed, seen: 0, is_over: false })
    }

    /// Where the next element begins.
    pub fn at(&self) -> usize {
        self.run.at
    }

    fn entry(&mut self) -> Result<Option<Item<'a>>, Wrong> {
        let run = &mut self.run;
        let start = run.at;
        let encoding = run.byte()?;
        let item = match encoding {
            0..STRING_SHORT => Item::Integer(i64::from(encoding)),
            STRING_SHORT..INTEGER_13 => Item::Bytes(run.take(usize::from(encoding & 0x3f))?),
            INTEGER_13..STRING_MIDDLE => {
                let value = i64::from(encoding & 0x1f) << 8 | i64::from(run.byte()?);
                Item::Integer(if value < 1 << 12 { value } else { value - (1 << 13) })
            }
            STRING_MIDDLE..STRING_LONG => {
                let len = usize::from(encoding & 0x0f) << 8 | usize::from(run.byte()?);
                Item::Bytes(run.take(len)?)
            }
            STRING_LONG => {
                let len = run.length()?;
                Item::Bytes(run.take(len)?)
            }
            INTEGER_16 => run.integer::<2>()?,
            INTEGER_24 => run.integer::<3>()?,
            INTEGER_32 => run.integer::<4>()?,
            INTEGER_64 => run.integer::<8>()?,
            END => {
                let is_counted = self.claimed != COUNT_UNKNOWN;
                if run.at != run.len() {
                    return Err(Wrong { at: start, what: "a listpack that ends early" });
                }
                if is_counted && usize::from(self.claimed) != self.seen {
                    return Err(Wrong {
                        at: start,
                        what: "a listpack with another number of elements than it says",
                    });
                }
                return Ok(None);
            }
            _ => return Err(Wrong { at: start, what: "an element of no known encoding" }),
        };
        let behind = Behind::of(run.at - start);
        let at = run.at;
        if run.take(behind.bytes().len())? != behind.bytes() {
            return Err(Wrong { at, what: "an element of another length than is said behind it" });
        }
        self.seen += 1;
        Ok(Some(item))
    }
}

impl<'a> Iterator for Listpack<'a> {
    type Item = Result<Item<'a>, Wrong>;

    fn next(&mut self) -> Option<Result<Item<'a>, Wrong>> {
        if self.is_over {
            return None;
        }
        let item = self.entry().transpose();
        self.is_over = !matches!(item, Some(Ok(_)));
        item
    }
}

/// The length of an entry as it stands behind it.
struct Behind {
    groups: [u8; 5],
    count: usize,
}

impl Behind {
    fn of(len: usize) -> Behind {
        // The bounds are those of Redis, which are one less than the groups could hold.
        let count = match len {
            0..0x80 => 1,
            0x80..0x3fff => 2,
            0x3fff..0x1f_ffff => 3,
            0x1f_ffff..0x0fff_ffff => 4,
            _ => 5,
        };
        let mut groups = [0; 5];
        for (index, group) in groups.iter_mut().take(count).enumerate() {
            let bits = (len >> (7 * (count - 1 - index))) as u8 & 0x7f;
            *group = if index == 0 { bits } else { bits | 0x80 };
        }
        Behind { groups, count }
    }

    fn bytes(&self) -> &[u8] {
        self.groups.get(..self.count).unwrap_or_default()
    }
}

/// A listpack in the making.
pub(crate) struct Writer {
    bytes: Vec<u8>,
    count: usize,
}

impl Writer {
    pub fn new() -> Writer {
        Writer { bytes: vec![0; HEAD_BYTES], count: 0 }
    }

    /// How many bytes it has so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many elements it has so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends an element, as an integer where its bytes are the canonical writing of one.
    pub fn push(&mut self, item: &[u8]) {
        if let Some(integer) = parse_i64(item) {
            return self.push_integer(integer);
        }
        let start = self.bytes.len();
        match item.len() {
            len @ 0..=STRING_SHORT_MAX => self.bytes.push(STRING_SHORT | len as u8),
            len @ 0..=STRING_MIDDLE_MAX => self.bytes.extend([STRING_MIDDLE | (len >> 8) as u8, len as u8]),
            len => {
                self.bytes.push(STRING_LONG);
                self.bytes.extend((len as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(item);
        self.end_entry(start);
    }

    /// Appends an integer.
    pub fn push_integer(&mut self, integer: i64) {
        let start = self.bytes.len();
        let bytes = integer.to_le_bytes();
        let (encoding, len) = match integer {
            0..=0x7f => (integer as u8, 0),
            -0x1000..=0x0fff => {
                let bits = integer as u16 & 0x1fff;
                self.bytes.push(INTEGER_13 | (bits >> 8) as u8);
                (bits as u8, 0)
            }
            -0x8000..=0x7fff => (INTEGER_16, 2),
            -0x80_0000..=0x7f_ffff => (INTEGER_24, 3),
            -0x8000_0000..=0x7fff_ffff => (INTEGER_32, 4),
            _ => (INTEGER_64, 8),
        };
        self.bytes.push(encoding);
        self.bytes.extend(bytes.into_iter().take(len));
        self.end_entry(start);
    }

    /// Appends all elements of `other`.
    pub fn append(&mut self, other: &Writer) {
        self.bytes.extend_from_slice(other.bytes.get(HEAD_BYTES..).unwrap_or_default());
        self.count += other.count;
    }

    fn end_entry(&mut self, start: usize) {
        let behind = Behind::of(self.bytes.len() - start);
        self.bytes.extend_from_slice(behind.bytes());
        self.count += 1;
    }

    /// The bytes of the whole, whose length must have no more than 32 bits.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let total = u32::try_from(self.bytes.len()).expect("a packed form is far below 4 GiB");
        let count = u16::try_from(self.count).unwrap_or(COUNT_UNKNOWN);
        let head = total.to_le_bytes().into_iter().chain(count.to_le_bytes());
        self.bytes.iter_mut().zip(head).for_each(|(to, byte)| *to = byte);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_written_and_read_and_no_cut_passes() {
        let mut items: Vec<Vec<u8>> = Vec::new();
        for bits in 0..64u32 {
            for delta in [-1i64, 0, 1] {
                let integer = (1i64 << bits.min(62)).wrapping_add(delta);
                items.extend([integer.to_string().into(), integer.wrapping_neg().to_string().into()]);
            }
        }
        items.extend([i64::MAX.to_string().into(), i64::MIN.to_string().into()]);
        for len in [0, 1, 62, 63, 64, 126, 127, 4094, 4095, 4096, 16_377, 16_378, 16_379, 20_000] {
            items.push(vec![b'x'; len]);
        }
        let mut writer = Writer::new();
        items.iter().for_each(|item| writer.push(item));
        let bytes = writer.finish();
        let read: Result<Vec<Item<'_>>, Wrong> = Listpack::new(&bytes).unwrap().collect();
        let mut digits = itoa::Buffer::new();
        let read: Vec<Vec<u8>> =
            read.unwrap().into_iter().map(|item| item.bytes(&mut digits).to_vec()).collect();
        assert_eq!(read, items);
        for end in (0..bytes.len()).step_by(31) {
            assert!(Listpack::new(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn entries_are_those_of_redis() {
        let written = |item: &[u8]| {
            let mut writer = Writer::new();
            writer.push(item);
            writer.finish()
        };
        assert_eq!(written(b"1"), [9, 0, 0, 0, 1, 0, 1, 1, 255]);
        assert_eq!(written(b"-1"), [10, 0, 0, 0, 1, 0, 0xdf, 0xff, 2, 255]);
        assert_eq!(written(b"ab"), [11, 0, 0, 0, 1, 0, 0x82, b'a', b'b', 3, 255]);
        assert_eq!(Behind::of(16_383).bytes(), [0, 0xff, 0xff], "one more group than needed, as in Redis");
    }
}
