//! A value's bytes, read from the front.

use std::borrow::Cow;

use crate::damage::{Damage, Flaw};
use crate::lzf;
use crate::wire::{INTEGER_8, INTEGER_16, INTEGER_32, LENGTH_32, LENGTH_64, LZF};

/// No string is longer: lengths within the forms of values have 32 bits, and what is counted with them has to fit too.
pub(crate) const STRING_BYTES_MAX: u64 = 1 << 31;

/// Bytes, and how many of them were read.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A string that was read.
pub(crate) struct Text<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Where its bytes begin, or, where they are not in the input as they are, what they were made of.
    at: usize,
}

impl Text<'_> {
    /// A flaw at byte `at` of the string.
    pub fn damage(&self, at: usize, flaw: impl Into<Flaw>) -> Damage {
        let within = if matches!(self.bytes, Cow::Borrowed(_)) { at } else { 0 };
        Damage::new(self.at + within, flaw.into())
    }
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { bytes, at: 0 }
    }

    /// How many bytes there are in all.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// A flaw of what comes next.
    pub fn damage(&self, flaw: impl Into<Flaw>) -> Damage {
        Damage::new(self.at, flaw.into())
    }

    pub fn take(&mut self, len: u64) -> Result<&'a [u8], Damage> {
        let taken = usize::try_from(len).ok().and_then(|len| self.bytes.get(self.at..)?.get(..len));
        let taken = taken.ok_or_else(|| Damage::new(self.bytes.len(), Flaw::Cut))?;
        self.at += taken.len();
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let taken = self.take(N as u64)?;
        taken.try_into().map_err(|_| self.damage(Flaw::Cut))
    }

    pub fn byte(&mut self) -> Result<u8, Damage> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// A length, or another number of that writing.
    pub fn length(&mut self) -> Result<u64, Damage> {
        let at = self.at;
        let first = self.byte()?;
        self.length_after(first)?.ok_or_else(|| Damage::new(at, "no length".into()))
    }

    /// The length that begins with `first`; `None` where that says that there is none.
    fn length_after(&mut self, first: u8) -> Result<Option<u64>, Damage> {
        Ok(Some(match first {
            0..=0x3f => u64::from(first),
            0x40..=0x7f => u64::from(first & 0x3f) << 8 | u64::from(self.byte()?),
            LENGTH_32 => u64::from(u32::from_be_bytes(self.array()?)),
            LENGTH_64 => u64::from_be_bytes(self.array()?),
            _ => return Ok(None),
        }))
    }

    /// How many things follow of which each takes at least `bytes_min` bytes.
    pub fn count(&mut self, bytes_min: u64) -> Result<u64, Damage> {
        let at = self.at;
        let count = self.length()?;
        match count.checked_mul(bytes_min) {
            Some(bytes) if bytes <= self.left() as u64 => Ok(count),
            _ => Err(Damage::new(at, "a count that the data is too short for".into())),
        }
    }

    pub fn string(&mut self) -> Result<Text<'a>, Damage> {
        let at = self.at;
        let first = self.byte()?;
        let integer = match first {
            INTEGER_8 => i64::from(i8::from_le_bytes(self.array()?)),
            INTEGER_16 => i64::from(i16::from_le_bytes(self.array()?)),
            INTEGER_32 => i64::from(i32::from_le_bytes(self.array()?)),
            LZF => return self.compressed(at),
            _ => {
                let len = self.length_after(first)?;
                let len = len.ok_or_else(|| Damage::new(at, "a string of no known encoding".into()))?;
                check_string_len(len, at)?;
                let start = self.at;
                return Ok(Text { bytes: Cow::Borrowed(self.take(len)?), at: start });
            }
        };
        let digits = itoa::Buffer::new().format(integer).as_bytes().to_vec();
        Ok(Text { bytes: Cow::Owned(digits), at })
    }

    fn compressed(&mut self, at: usize) -> Result<Text<'a>, Damage> {
        let compressed_len = self.length()?;
        let len = self.length()?;
        check_string_len(len, at)?;
        let compressed = self.take(compressed_len)?;
        let wrong = || Damage::new(at, "a string that cannot be decompressed".into());
        // What is claimed is allocated, so it must be possible.
        if len > compressed_len.saturating_mul(lzf::EXPANSION_MAX) {
            return Err(wrong());
        }
        let len = usize::try_from(len).map_err(|_| wrong())?;
        let bytes = lzf::decompress(compressed, len).ok_or_else(wrong)?;
        Ok(Text { bytes: Cow::Owned(bytes), at })
    }

    /// A Unix time in milliseconds.
    pub fn milliseconds(&mut self) -> Result<i64, Damage> {
        Ok(i64::from_le_bytes(self.array()?))
    }
}

fn check_string_len(len: u64, at: usize) -> Result<(), Damage> {
    if len > STRING_BYTES_MAX {
        return Err(Damage::new(at, "a string of more than 2 GiB".into()));
    }
    Ok(())
}
