//! A stream of bytes that is read once, from its front: counted, summed, and kept where that is asked for.

use std::io::{self, Read};

use crate::checksum::Checksum;
use crate::damage::{Damage, Flaw};
use crate::input::{Input, STRING_BYTES_MAX};
use crate::wire::{INTEGER_8, INTEGER_16, INTEGER_32, LENGTH_32, LENGTH_64, LZF};

use super::Error;

/// So much is read at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// The longest string whose length is the byte before it.
const SHORT_LEN_MAX: u8 = 0x3f;

pub(super) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What of the buffer was taken already.
    start: usize,
    /// What of the buffer is part of the checksum already.
    summed: usize,
    /// How many bytes came before the buffer.
    before: u64,
    checksum: Checksum,
    keeping: Option<Keeping>,
}

/// What is taken is to be kept.
struct Keeping {
    /// Stands before it.
    head: Option<u8>,
    /// Where in the buffer that begins which is not in `earlier`.
    start: usize,
    /// What was in buffers before this one, with the head.
    earlier: Vec<u8>,
}

impl Keeping {
    /// All that is kept, if it ends with `last`: in memory of its size, unless it was in more than one buffer.
    fn end(mut self, last: &[u8]) -> Vec<u8> {
        if self.earlier.is_empty() {
            self.earlier.reserve_exact(usize::from(self.head.is_some()) + last.len());
        }
        self.push(last);
        self.earlier
    }

    fn push(&mut self, bytes: &[u8]) {
        self.earlier.extend(self.head.take());
        self.earlier.extend_from_slice(bytes);
        self.start = 0;
    }
}

impl<R: Read> Source<R> {
    pub fn new(reader: R) -> Source<R> {
        Source {
            reader,
            buffer: Vec::new(),
            start: 0,
            summed: 0,
            before: 0,
            checksum: Checksum::new(),
            keeping: None,
        }
    }

    /// How many bytes were taken.
    pub fn at(&self) -> u64 {
        self.before + self.start as u64
    }

    /// The checksum of all bytes that were taken.
    pub fn checksum(&mut self) -> u64 {
        self.sum();
        self.checksum.value()
    }

    /// The reader, and what was read from it and not taken.
    pub fn into_parts(self) -> (R, Vec<u8>) {
        (self.reader, self.buffer.get(self.start..).unwrap_or_default().to_vec())
    }

    pub fn damage(&self, at: u64, flaw: impl Into<Flaw>) -> Error {
        Error::Damaged(Damage { offset: at, flaw: flaw.into() })
    }

    fn sum(&mut self) {
        self.checksum.update(self.buffer.get(self.summed..self.start).unwrap_or_default());
        self.summed = self.start;
    }

    /// What can be taken without reading.
    fn available(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Reads more, of which there must be some. What there was is taken.
    fn fill(&mut self) -> Result<(), Error> {
        self.sum();
        if let Some(keeping) = &mut self.keeping {
            keeping.push(self.buffer.get(keeping.start..self.start).unwrap_or_default());
        }
        self.before = self.at();
        self.buffer.resize(BUFFER_BYTES, 0);
        (self.start, self.summed) = (0, 0);
        let len = loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(*len.as_ref().unwrap_or(&0));
        match len {
            Ok(0) => Err(self.damage(self.at(), Flaw::Cut)),
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Io(error)),
        }
    }

    /// Takes `len` bytes and gives them to `f`, in pieces.
    fn take(&mut self, mut len: u64, mut f: impl FnMut(&[u8])) -> Result<(), Error> {
        while len > 0 {
            if self.available().is_empty() {
                self.fill()?;
            }
            let available = self.available();
            let count = usize::try_from(len).unwrap_or(usize::MAX).min(available.len());
            f(available.get(..count).unwrap_or_default());
            self.start += count;
            len -= count as u64;
        }
        Ok(())
    }

    pub fn skip(&mut self, len: u64) -> Result<(), Error> {
        self.take(len, |_| {})
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        if let Some(array) = self.available().first_chunk() {
            let array = *array;
            self.start += N;
            return Ok(array);
        }
        let mut array = [0; N];
        let mut rest = array.iter_mut();
        self.take(N as u64, |piece| rest.by_ref().zip(piece).for_each(|(to, byte)| *to = *byte))?;
        Ok(array)
    }

    pub fn byte(&mut self) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn length(&mut self) -> Result<u64, Error> {
        let at = self.at();
        let first = self.byte()?;
        self.length_after(first)?.ok_or_else(|| self.damage(at, "no length"))
    }

    fn length_after(&mut self, first: u8) -> Result<Option<u64>, Error> {
        Ok(Some(match first {
            0..=0x3f => u64::from(first),
            0x40..=0x7f => u64::from(first & 0x3f) << 8 | u64::from(self.byte()?),
            LENGTH_32 => u64::from(u32::from_be_bytes(self.array()?)),
            LENGTH_64 => u64::from_be_bytes(self.array()?),
            _ => return Ok(None),
        }))
    }

    /// Passes over a string.
    pub fn skip_string(&mut self) -> Result<(), Error> {
        let at = self.at();
        let first = self.byte()?;
        let len = match first {
            INTEGER_8 => 1,
            INTEGER_16 => 2,
            INTEGER_32 => 4,
            LZF => {
                let len = self.length()?;
                self.length()?;
                len
            }
            _ => match self.length_after(first)? {
                Some(len) => len,
                None => return Err(self.damage(at, "a string of no known encoding")),
            },
        };
        if len > STRING_BYTES_MAX {
            return Err(self.damage(at, "a string of more than 2 GiB"));
        }
        self.skip(len)
    }

    /// A string, read.
    pub fn string(&mut self) -> Result<Vec<u8>, Error> {
        if let Some((len, rest)) = self.available().split_first()
            && *len <= SHORT_LEN_MAX
            && let Some(text) = rest.get(..usize::from(*len))
        {
            let text = text.to_vec();
            self.start += 1 + text.len();
            return Ok(text);
        }
        let at = self.at();
        let raw = self.keep(None, Source::skip_string)?;
        let text = Input::new(&raw).string();
        Ok(text.map_err(|damage| Error::Damaged(damage.moved(at)))?.bytes.into_owned())
    }

    /// Keeps what `read` takes, behind `head`.
    pub fn keep(
        &mut self,
        head: Option<u8>,
        read: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        self.keeping = Some(Keeping { head, start: self.start, earlier: Vec::new() });
        let result = read(self);
        let keeping = self.keeping.take();
        result?;
        let kept = keeping.map(|keeping| {
            let last = self.buffer.get(keeping.start..self.start).unwrap_or_default();
            keeping.end(last)
        });
        Ok(kept.unwrap_or_default())
    }
}
