//! What an entry of a stream is called: a time and a number within its millisecond.

use std::fmt;

/// The name of an entry, which is greater than those of all entries before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds, by convention since 1970.
    pub ms: u64,
    /// Tells entries of the same millisecond apart.
    pub seq: u64,
}

impl StreamId {
    /// The lowest, which no entry has.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    /// The highest.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };
    /// The bytes of its sortable form.
    pub const BYTES: usize = 16;

    /// The one that follows.
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| StreamId { ms, seq: 0 }),
        }
    }

    /// The one before.
    pub fn previous(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| StreamId { ms, seq: u64::MAX }),
        }
    }

    /// Both numbers big-endian, so that the order of the bytes is that of the names.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        (u128::from(self.ms) << u64::BITS | u128::from(self.seq)).to_be_bytes()
    }

    /// The name whose [bytes](Self::to_bytes) these are.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> StreamId {
        let number = u128::from_be_bytes(bytes);
        StreamId { ms: (number >> u64::BITS) as u64, seq: number as u64 }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::StreamId;

    #[test]
    fn names_follow_each_other_to_both_ends() {
        let id = |ms, seq| StreamId { ms, seq };
        for (one, next) in [
            (id(0, 0), Some(id(0, 1))),
            (id(7, u64::MAX), Some(id(8, 0))),
            (id(u64::MAX, 3), Some(id(u64::MAX, 4))),
            (StreamId::MAX, None),
        ] {
            assert_eq!(one.next(), next);
            if let Some(next) = next {
                assert_eq!(next.previous(), Some(one));
                assert!(one < next && one.to_bytes() < next.to_bytes());
                assert_eq!(StreamId::from_bytes(next.to_bytes()), next);
            }
        }
        assert_eq!(StreamId::MIN.previous(), None);
        assert_eq!(id(12, 3).to_string(), "12-3");
    }
}
