//! The runs of bytes that Redis packs small collections into: a file holds each as one string.
//!
//! Each is an iterator over its elements that checks what it passes: lengths both ways, and at the end what the head
//! says of the whole. It ends at the first flaw.

pub(crate) mod intset;
pub(crate) mod listpack;
pub(crate) mod ziplist;
pub(crate) mod zipmap;

/// Where a run is wrong, in bytes from its start, and what is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub at: usize,
    pub what: &'static str,
}

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Bytes(&'a [u8]),
    Integer(i64),
}

impl<'a> Item<'a> {
    /// Its bytes; an integer's digits are written to `digits`.
    pub fn bytes<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Bytes(bytes) => bytes,
            Item::Integer(integer) => digits.format(integer).as_bytes(),
        }
    }
}

/// A run that is read from its front.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Run<'a> {
    pub fn new(bytes: &'a [u8]) -> Run<'a> {
        Run { bytes, at: 0 }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn wrong(&self, what: &'static str) -> Wrong {
        Wrong { at: self.at, what }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Wrong> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..len));
        let taken = taken.ok_or(self.wrong("an element reaches beyond the end"))?;
        self.at += len;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let wrong = self.wrong("an element reaches beyond the end");
        self.take(N)?.try_into().map_err(|_| wrong)
    }

    pub fn byte(&mut self) -> Result<u8, Wrong> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, Wrong> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Wrong> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A 32-bit length, as one of memory.
    pub fn length(&mut self) -> Result<usize, Wrong> {
        let wrong = self.wrong("a length that is too large");
        usize::try_from(self.u32()?).map_err(|_| wrong)
    }

    /// An integer with sign in `N` bytes, little-endian.
    pub fn integer<const N: usize>(&mut self) -> Result<Item<'a>, Wrong> {
        let bytes: [u8; N] = self.array()?;
        let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { u8::MAX } else { 0 };
        let mut wide = [sign; size_of::<i64>()];
        wide.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        Ok(Item::Integer(i64::from_le_bytes(wide)))
    }
}
