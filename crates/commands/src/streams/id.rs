//! Names of entries as clients write them: `ms-seq`, or `ms` alone.

use values::stream::{Span, StreamId};

use crate::prelude::*;

pub(super) const INVALID: Error = Error::fixed("ERR Invalid stream ID specified as stream command argument");
const INVALID_START: Error = Error::fixed("ERR invalid start ID for the interval");
const INVALID_END: Error = Error::fixed("ERR invalid end ID for the interval");

/// A longer one was never a name.
const BYTES_MAX: usize = 127;

/// A half of a name. What is not plainly a number is read as C's `strtoull` does: blanks, zeros and a sign may stand
/// before it.
fn number(text: &[u8]) -> Option<u64> {
    if let Some(number) = base::number::parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let text = &text[text.iter().position(|byte| !is_blank(byte))?..];
    let digits = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
    if digits.is_empty() { None } else { base::number::parse_u64_as_c(text) }
}

/// The time, and what stands behind the dash, if there is one.
fn halves(word: &[u8]) -> Option<(u64, Option<&[u8]>)> {
    if word.len() > BYTES_MAX {
        return None;
    }
    // Like C, up to the first zero byte.
    let word = word.split(|byte| *byte == 0).next()?;
    let mut halves = word.splitn(2, |byte| *byte == b'-');
    Some((number(halves.next()?)?, halves.next()))
}

/// The name that `word` is; `seq` where it has the time only.
pub(super) fn parse_id(word: &[u8], seq: u64) -> Result<StreamId> {
    let (ms, rest) = halves(word).ok_or(INVALID)?;
    Ok(StreamId { ms, seq: rest.map_or(Some(seq), number).ok_or(INVALID)? })
}

/// As [`parse_id`], where `-` and `+` are the lowest and the highest.
pub(super) fn parse_any_id(word: &[u8], seq: u64) -> Result<StreamId> {
    match word {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => parse_id(word, seq),
    }
}

/// The first name of a range, which `(` excludes.
pub(super) fn parse_start(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', word @ ..] if !word.is_empty() => parse_id(word, 0)?.next().ok_or(INVALID_START),
        _ => parse_any_id(word, 0),
    }
}

/// The last name of a range, which `(` excludes.
pub(super) fn parse_end(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', word @ ..] if !word.is_empty() => parse_id(word, u64::MAX)?.previous().ok_or(INVALID_END),
        _ => parse_any_id(word, u64::MAX),
    }
}

/// The range between two such words.
pub(super) fn parse_span(start: &[u8], end: &[u8], backward: bool) -> Result<Span> {
    Ok(Span { first: parse_start(start)?, last: parse_end(end)?, backward })
}

/// A name as an argument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub StreamId);

impl<'a> Parse<'a> for Id {
    const SPEC: Spec = <&[u8]>::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        parse_id(parser.next()?, 0).map(Id)
    }
}

/// The name of an entry that is to be added.
#[derive(Clone, Copy, Debug)]
pub(super) enum NewId {
    /// `*`: the time, or what follows the last name.
    Now,
    /// `ms-*`: the first that is free in this millisecond.
    In(u64),
    /// This one.
    Given(StreamId),
}

impl NewId {
    pub fn parse(word: &[u8]) -> Result<NewId> {
        if word == b"*" {
            return Ok(NewId::Now);
        }
        match halves(word).ok_or(INVALID)? {
            (ms, Some(b"*")) => Ok(NewId::In(ms)),
            _ => parse_id(word, 0).map(NewId::Given),
        }
    }

    /// What the entry behind the one called `last` will be called.
    pub fn after(self, last: StreamId, now_ms: u64) -> Option<StreamId> {
        let id = match self {
            NewId::Now if now_ms > last.ms => StreamId { ms: now_ms, seq: 0 },
            NewId::Now => last.next()?,
            NewId::In(ms) if ms == last.ms => StreamId { ms, seq: last.seq.checked_add(1)? },
            NewId::In(ms) => StreamId { ms, seq: 0 },
            NewId::Given(id) => id,
        };
        (id > last).then_some(id)
    }
}

/// Writes a name.
pub(super) fn reply_id(id: StreamId, reply: &mut Reply) {
    reply.bulk(&id_text(id));
}

/// A name as it is written.
pub(super) fn id_text(id: StreamId) -> smallvec::SmallVec<[u8; 41]> {
    let mut digits = itoa::Buffer::new();
    let mut text = smallvec::SmallVec::from_slice(digits.format(id.ms).as_bytes());
    text.push(b'-');
    text.extend_from_slice(digits.format(id.seq).as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_c_reads_them() {
        let id = |ms, seq| Ok(StreamId { ms, seq });
        assert_eq!(parse_id(b"12-3", 0), id(12, 3));
        assert_eq!(parse_id(b"12", 7), id(12, 7));
        assert_eq!(parse_id(b" 007-+1", 0), id(7, 1));
        assert_eq!(parse_id(b"18446744073709551615-18446744073709551615", 0), Ok(StreamId::MAX));
        for word in ["", "-", "+", "1-", "-1", "1-2-3", "x", "1-x", "18446744073709551616", "1 ", " "] {
            assert_eq!(parse_id(word.as_bytes(), 0), Err(INVALID), "{word}");
        }
        assert_eq!(parse_start(b"(5-18446744073709551615"), id(6, 0));
        assert_eq!(parse_end(b"(5"), id(5, u64::MAX - 1));
        assert_eq!(parse_start(b"(18446744073709551615-18446744073709551615"), Err(INVALID_START));
        assert_eq!(parse_end(b"(0-0"), Err(INVALID_END));
        assert_eq!(*id_text(StreamId::MAX), *StreamId::MAX.to_string().as_bytes());
    }
}
