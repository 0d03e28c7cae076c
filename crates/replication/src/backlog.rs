//! What was streamed of late: for the replicas that are about to get it, and for those that come back.
//!
//! All replicas read from the one copy, each at its own offset, so that one more costs no memory. At least the last
//! `bytes_min` are kept, and more as long as a replica has yet to read them; whoever owns the backlog sends away the
//! replicas that lag too far ([`Backlog::trim`] then lets their bytes go).

use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// Bytes are kept, and let go, in pieces of this size.
const BLOCK_BYTES: usize = 64 * 1024;

/// The last bytes of a stream.
#[derive(Debug)]
pub struct Backlog {
    /// Each holds [`BLOCK_BYTES`], but for the last one, which is not full.
    blocks: VecDeque<Vec<u8>>,
    /// The offset before the first byte that is kept.
    begin: u64,
    end: u64,
    bytes_min: u64,
}

impl Backlog {
    /// An empty one for a stream that has `offset` bytes, which is to keep at least the last `bytes_min`.
    pub fn new(offset: u64, bytes_min: u64) -> Self {
        Self { blocks: VecDeque::new(), begin: offset, end: offset, bytes_min }
    }

    /// How many bytes the stream has.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many of them are kept.
    pub fn len(&self) -> u64 {
        self.end - self.begin
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    /// The numbers of the bytes that are kept; that of the next byte, and so nothing, when none is.
    pub fn kept(&self) -> RangeInclusive<u64> {
        self.begin + 1..=self.end
    }

    /// How many it keeps at least.
    pub fn bytes_min(&self) -> u64 {
        self.bytes_min
    }

    /// Has it keep at least so many from now on.
    pub fn keep(&mut self, bytes_min: u64) {
        self.bytes_min = bytes_min;
    }

    /// Adds what was streamed.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let block = match self.blocks.back_mut() {
                Some(block) if block.len() < BLOCK_BYTES => block,
                _ => self.blocks.push_back_mut(Vec::with_capacity(BLOCK_BYTES)),
            };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - block.len()));
            block.extend_from_slice(now);
            self.end += now.len() as u64;
            bytes = later;
        }
    }

    /// Some of the bytes that come after the first `offset`: none when there are none yet, `None` when they are not
    /// kept, or the stream is not that long.
    pub fn after(&self, offset: u64) -> Option<&[u8]> {
        if offset < self.begin || offset > self.end {
            return None;
        }
        let distance = usize::try_from(offset - self.begin).ok()?;
        match self.blocks.get(distance / BLOCK_BYTES) {
            Some(block) => block.get(distance % BLOCK_BYTES..),
            None => Some(&[]),
        }
    }

    /// Lets bytes go that are not needed: neither by those who have read up to `slowest` at least, nor for who comes
    /// back.
    pub fn trim(&mut self, slowest: Option<u64>) {
        let for_returning = self.end.saturating_sub(self.bytes_min);
        let needed = slowest.map_or(for_returning, |slowest| slowest.min(for_returning));
        while self.begin + (BLOCK_BYTES as u64) <= needed {
            if self.blocks.pop_front().is_none() {
                break;
            }
            self.begin += BLOCK_BYTES as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use base::random::Random;

    use super::*;

    /// Byte number `offset` of a stream in which every stretch of some bytes differs from every other.
    fn byte(offset: u64) -> u8 {
        (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
    }

    fn stream(begin: u64, len: u64) -> Vec<u8> {
        (begin..begin + len).map(byte).collect()
    }

    /// All that comes after `offset`.
    fn read(backlog: &Backlog, mut offset: u64) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let some = backlog.after(offset)?;
            if some.is_empty() {
                return Some(all);
            }
            all.extend_from_slice(some);
            offset += some.len() as u64;
        }
    }

    #[test]
    fn what_is_kept_can_be_read_from_anywhere() {
        let block = BLOCK_BYTES as u64;
        let mut random = Random::from_seed(7);
        let mut backlog = Backlog::new(1000, 2 * block);
        for _ in 0..200 {
            let len = random.below(block);
            backlog.append(&stream(backlog.end(), len));
            let behind = random.below(3 * block).min(backlog.len());
            let slowest = backlog.end() - behind;
            backlog.trim(Some(slowest));
            let kept = backlog.kept();
            assert!(*kept.start() <= slowest + 1, "what was not read yet is there");
            assert!(backlog.len() >= (2 * block).min(backlog.end() - 1000), "as much as is asked for");
            assert!(backlog.len() <= behind.max(2 * block) + block, "and not much more: {}", backlog.len());
            for offset in [backlog.end(), slowest, kept.start() - 1] {
                let expected = stream(offset, backlog.end() - offset);
                assert!(read(&backlog, offset).is_some_and(|read| read == expected), "{offset}");
            }
            assert_eq!(backlog.after(kept.start().saturating_sub(2)).filter(|_| *kept.start() > 1001), None);
            assert_eq!(backlog.after(backlog.end() + 1), None);
        }
    }

    #[test]
    fn an_empty_one_has_the_next_byte_to_offer() {
        let backlog = Backlog::new(5, 100);
        assert!(backlog.is_empty() && backlog.kept().is_empty());
        assert_eq!(backlog.after(5), Some(&[][..]));
        assert_eq!(backlog.after(4), None);
    }

    #[test]
    fn without_replicas_it_shrinks_to_what_is_asked_for() {
        let mut backlog = Backlog::new(0, 10 * BLOCK_BYTES as u64);
        backlog.append(&stream(0, 10 * BLOCK_BYTES as u64));
        backlog.keep(1);
        backlog.trim(None);
        assert!(backlog.len() <= BLOCK_BYTES as u64);
    }
}
