//! Ziplists (`ziplist.c`), which listpacks have replaced, read.
//!
//! ```text
//!  +-------------+------------+----------+-------+-----+------+
//!  | total bytes | last entry | elements | entry | ... | 0xff |
//!  | 4 bytes     | 4 bytes    | 2 bytes  |       |     |      |
//!  +-------------+------------+----------+-------+-----+------+
//! ```
//!
//! Numbers are little-endian, but for the lengths of strings. An entry is the length of the one before it (one byte, or
//! 254 and four), its encoding, and what that announces:
//!
//! | encoding | what follows |
//! |---|---|
//! | `00xxxxxx` | so many bytes |
//! | `01xxxxxx` | the lower byte of the length, then so many bytes |
//! | `0x80` | the length in four bytes, big-endian, then so many bytes |
//! | `0xc0`, `0xd0`, `0xe0`, `0xf0`, `0xfe` | an integer in 2, 4, 8, 3 or 1 bytes |
//! | `0xf1` to `0xfd` | nothing: the integer is 0 to 12 |

use super::{Item, Run, Wrong};

const HEAD_BYTES: usize = 10;
const END: u8 = 0xff;
const COUNT_UNKNOWN: u16 = u16::MAX;
/// The length of the entry before follows in four bytes.
const LONG_BEFORE: u8 = 0xfe;

/// The elements of a ziplist.
pub(crate) struct Ziplist<'a> {
    run: Run<'a>,
    last_at: usize,
    claimed: u16,
    seen: usize,
    before: usize,
    is_over: bool,
}

impl<'a> Ziplist<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Ziplist<'a>, Wrong> {
        let mut run = Run::new(bytes);
        let total = run.length()?;
        let last_at = run.length()?;
        let claimed = run.u16()?;
        if total != bytes.len() || total <= HEAD_BYTES {
            return Err(Wrong { at: 0, what: "a ziplist of another length than it says" });
        }
        Ok(Ziplist { run, last_at, claimed, seen: 0, before: 0, is_over: false })
    }

    fn entry(&mut self) -> Result<Option<Item<'a>>, Wrong> {
        let run = &mut self.run;
        let start = run.at;
        let before = match run.byte()? {
            END => {
                let last_at = if self.seen == 0 { HEAD_BYTES } else { start - self.before };
                let is_counted = self.claimed != COUNT_UNKNOWN;
                let what = if run.at != run.len() {
                    "a ziplist that ends early"
                } else if is_counted && usize::from(self.claimed) != self.seen {
                    "a ziplist with another number of elements than it says"
                } else if self.last_at != last_at {
                    "a ziplist whose last element is not where it says"
                } else {
                    return Ok(None);
                };
                return Err(Wrong { at: start, what });
            }
            LONG_BEFORE => run.length()?,
            short => usize::from(short),
        };
        if before != self.before {
            return Err(Wrong { at: start, what: "an element of another length than is said behind it" });
        }
        let encoding = run.byte()?;
        let item = match encoding {
            0..0x40 => Item::Bytes(run.take(usize::from(encoding))?),
            0x40..0x80 => {
                let len = usize::from(encoding & 0x3f) << 8 | usize::from(run.byte()?);
                Item::Bytes(run.take(len)?)
            }
            0x80 => {
                let wrong = run.wrong("a length that is too large");
                let len = usize::try_from(u32::from_be_bytes(run.array()?)).map_err(|_| wrong)?;
                Item::Bytes(run.take(len)?)
            }
            0xc0 => run.integer::<2>()?,
            0xd0 => run.integer::<4>()?,
            0xe0 => run.integer::<8>()?,
            0xf0 => run.integer::<3>()?,
            0xf1..=0xfd => Item::Integer(i64::from(encoding - 0xf1)),
            0xfe => run.integer::<1>()?,
            _ => return Err(Wrong { at: start, what: "an element of no known encoding" }),
        };
        self.before = run.at - start;
        self.seen += 1;
        Ok(Some(item))
    }
}

impl<'a> Iterator for Ziplist<'a> {
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
