//! HyperLogLog: how many different elements were added, within about 0.81%, in at most 12 KiB.
//!
//! A HyperLogLog is a string value, and these functions work on its bytes, which are Redis' own format: what
//! GET returns here may be SET there. An element's 64-bit hash picks one of 16,384 *registers* by its low 14 bits;
//! the register keeps the largest *rank* seen, which is the place of the lowest set bit among the other 50.
//!
//! ```text
//! +------+----------+-----------+-----------------------+-----------+
//! | HYLL | encoding | 3 x zero  | cached count, 8 bytes | registers |
//! +------+----------+-----------+-----------------------+-----------+
//! ```
//!
//! The count is little-endian; its highest bit says that it is out of date. The registers are [`Encoding::Dense`]
//! or [`Encoding::Sparse`]. Since clients can SET any bytes, nothing here trusts them: bytes that are not what they
//! should be are an error, [`Corrupt`], and never more than that.

mod dense;
mod estimate;
mod sparse;

use estimate::Histogram;

use crate::buffer::Buffer;

/// How many registers a HyperLogLog has.
pub const REGISTERS: usize = 1 << INDEX_BITS;

/// How many bits of an element's hash pick the register.
const INDEX_BITS: u32 = 14;

/// How many bits of an element's hash its rank is found in.
const RANK_BITS: u32 = u64::BITS - INDEX_BITS;

const MAGIC: &[u8; 4] = b"HYLL";
const ENCODING_AT: usize = 4;
const COUNT_AT: usize = 8;
const HEADER_BYTES: usize = 16;

/// The bit of the cached count that says that it is out of date.
const OUT_OF_DATE: u64 = 1 << 63;

/// How the registers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Six bits for every register: 12,304 bytes with the header.
    Dense,
    /// Runs of equal registers: short while few are set.
    Sparse,
}

impl Encoding {
    /// What PFDEBUG ENCODING calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Sparse => "sparse",
        }
    }
}

/// The bytes are not a HyperLogLog, or they say that they are and contradict themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

impl std::fmt::Display for Corrupt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("corrupted HyperLogLog")
    }
}

impl std::error::Error for Corrupt {}

/// An empty HyperLogLog: sparse, with a cached count of zero.
pub fn empty() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + 2);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[1, 0, 0, 0]);
    bytes.extend_from_slice(&0u64.to_le_bytes());
    sparse::push_run(&mut bytes, 0, REGISTERS);
    bytes
}

/// How the registers in `bytes` are written, or `None` if `bytes` is no HyperLogLog by its header and its length.
/// (Redis replies with WRONGTYPE then, and with INVALIDOBJ when a function here finds it [`Corrupt`] later.)
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return None;
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == HEADER_BYTES + dense::BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// Adds an element, and returns whether that changed a register. If so the cached count is out of date.
/// Sparse registers become dense when they would need more than `sparse_bytes_max` bytes with the header
/// (`hll-sparse-max-bytes`) or hold a rank above 32.
pub fn add(
    buffer: &mut (impl Buffer + ?Sized),
    element: &[u8],
    sparse_bytes_max: usize,
) -> Result<bool, Corrupt> {
    let (index, rank) = register_and_rank(element);
    let changed = raise(buffer, index, rank, sparse_bytes_max)?;
    if changed {
        invalidate_count(buffer.bytes_mut());
    }
    Ok(changed)
}

/// The count if it is cached and up to date.
pub fn cached_count(bytes: &[u8]) -> Option<u64> {
    encoding(bytes)?;
    let (_, cached) = bytes.split_at(COUNT_AT);
    let count = u64::from_le_bytes(*cached.first_chunk().expect("the header is there"));
    (count & OUT_OF_DATE == 0).then_some(count)
}

/// Estimates how many different elements were added, and caches the result. Where the count is cached already,
/// [`cached_count`] gives it without changing anything.
pub fn count(bytes: &mut [u8]) -> Result<u64, Corrupt> {
    let mut histogram = Histogram::default();
    for_each_run(bytes, |_, rank, length| histogram.add(rank, length))?;
    let count = histogram.estimate();
    bytes[COUNT_AT..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
    Ok(count)
}

/// Says that the cached count is out of date. Nothing happens to what is no HyperLogLog.
pub fn invalidate_count(bytes: &mut [u8]) {
    if encoding(bytes).is_some() {
        bytes[HEADER_BYTES - 1] |= (OUT_OF_DATE >> 56) as u8;
    }
}

/// Makes the registers dense, and returns whether they were not before. The cached count stays.
pub fn make_dense(buffer: &mut (impl Buffer + ?Sized)) -> Result<bool, Corrupt> {
    if encoding(buffer.bytes()).ok_or(Corrupt)? == Encoding::Dense {
        return Ok(false);
    }
    let mut registers = vec![0; dense::BYTES];
    let runs = &buffer.bytes()[HEADER_BYTES..];
    sparse::for_each_run(runs, |first, rank, length| {
        if rank != 0 {
            for index in first..first + length {
                dense::raise(&mut registers, index, rank);
            }
        }
    })?;
    let runs_len = runs.len();
    buffer.splice(HEADER_BYTES, runs_len, dense::BYTES).copy_from_slice(&registers);
    buffer.bytes_mut()[ENCODING_AT] = 0;
    Ok(true)
}

/// The runs of sparse registers as PFDEBUG DECODE shows them: `z:` and `Z:` with a length for zeros in one or two
/// bytes, `v:` with a rank and a length for others. `None` when the registers are dense.
pub fn describe_runs(bytes: &[u8]) -> Result<Option<String>, Corrupt> {
    match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => Ok(None),
        Encoding::Sparse => sparse::describe(&bytes[HEADER_BYTES..]).map(Some),
    }
}

/// All registers of one or several HyperLogLogs: for each the largest rank that any of them has.
#[derive(Clone, Debug)]
pub struct Registers {
    ranks: Box<[u8; REGISTERS]>,
    any_dense: bool,
}

impl Registers {
    /// The registers of the empty HyperLogLog.
    pub fn new() -> Self {
        let ranks = vec![0; REGISTERS].into_boxed_slice().try_into().expect("made with that length");
        Self { ranks, any_dense: false }
    }

    /// The rank in every register.
    pub fn ranks(&self) -> &[u8; REGISTERS] {
        &self.ranks
    }

    /// Adds what was added to the HyperLogLog in `bytes`.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        self.any_dense |= encoding(bytes) == Some(Encoding::Dense);
        for_each_run(bytes, |first, rank, length| {
            for register in &mut self.ranks[first..first + length] {
                *register = rank.max(*register);
            }
        })
    }

    /// Estimates how many different elements were added to all that was merged.
    pub fn count(&self) -> u64 {
        let mut histogram = Histogram::default();
        for &rank in self.ranks.iter() {
            histogram.add(rank, 1);
        }
        histogram.estimate()
    }

    /// Raises the registers in `buffer` to these. They become dense if any that was merged is, or as [`add`] says.
    /// The cached count is out of date then.
    pub fn store(&self, buffer: &mut (impl Buffer + ?Sized), sparse_bytes_max: usize) -> Result<(), Corrupt> {
        if self.any_dense {
            make_dense(buffer)?;
        }
        for (index, &rank) in self.ranks.iter().enumerate().filter(|(_, rank)| **rank != 0) {
            raise(buffer, index, rank, sparse_bytes_max)?;
        }
        invalidate_count(buffer.bytes_mut());
        Ok(())
    }
}

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

/// Raises one register to `rank`, and returns whether it was below.
fn raise(
    buffer: &mut (impl Buffer + ?Sized),
    index: usize,
    rank: u8,
    sparse_bytes_max: usize,
) -> Result<bool, Corrupt> {
    if encoding(buffer.bytes()).ok_or(Corrupt)? == Encoding::Sparse {
        match sparse::raise(buffer, HEADER_BYTES, index, rank, sparse_bytes_max)? {
            sparse::Raised::Not => return Ok(false),
            sparse::Raised::InPlace => return Ok(true),
            sparse::Raised::NeedsDense => _ = make_dense(buffer)?,
        }
    }
    Ok(dense::raise(&mut buffer.bytes_mut()[HEADER_BYTES..], index, rank))
}

/// Calls `visit` with the first register, the rank and the length of runs that are all registers in order.
fn for_each_run(bytes: &[u8], visit: impl FnMut(usize, u8, usize)) -> Result<(), Corrupt> {
    let encoding = encoding(bytes).ok_or(Corrupt)?;
    let registers = &bytes[HEADER_BYTES..];
    match encoding {
        Encoding::Dense => {
            dense::for_each_run(registers, visit);
            Ok(())
        }
        Encoding::Sparse => sparse::for_each_run(registers, visit),
    }
}

/// The register that an element belongs to, and its rank, from 1 to 51.
pub(crate) fn register_and_rank(element: &[u8]) -> (usize, u8) {
    let hash = hash(element);
    let index = hash as usize % REGISTERS;
    // A bit beyond the highest, so that there is one to find.
    let rank_bits = hash >> INDEX_BITS | 1 << RANK_BITS;
    (index, rank_bits.trailing_zeros() as u8 + 1)
}

/// MurmurHash64A (A. Appleby, 2009), with Redis' seed. It is part of the format: the same everywhere.
fn hash(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xadc8_3b19;
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    const SHIFT: u32 = 47;
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    for &word in words {
        let word = u64::from_le_bytes(word).wrapping_mul(FACTOR);
        let word = (word ^ word >> SHIFT).wrapping_mul(FACTOR);
        hash = (hash ^ word).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        hash = (hash ^ word).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}

#[cfg(test)]
mod tests;
