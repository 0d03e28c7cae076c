//! The hash that every table of keys, fields and members uses.
//!
//! It is seeded once per process from the operating system, so that a client cannot choose keys that collide.
//! All 64 bits are mixed: a table may take its segment from the high bits and its bucket from the low ones. The
//! value means nothing outside the process: it is never stored, sent or shown.

use std::hash::Hasher;
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// The hash of `bytes`, the same for the same bytes as long as the process lives.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FoldHasher::with_seed(SEED.first, &SEED.rest);
    hasher.write(bytes);
    hasher.finish()
}

/// A hash of `bytes` that means the same everywhere and always, so that it may be stored: the lower half of XXH3's 64
/// bits.
#[inline]
pub fn stable_hash(bytes: &[u8]) -> u32 {
    xxhash_rust::xxh3::xxh3_64(bytes) as u32
}

struct Seed {
    first: u64,
    rest: SharedSeed,
}

static SEED: LazyLock<Seed> = LazyLock::new(|| {
    let mut random = crate::random::Random::from_system();
    Seed { first: random.next_u64(), rest: SharedSeed::from_u64(random.next_u64()) }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_hash_alike() {
        for length in 0..300 {
            let (a, b) = (vec![7u8; length], vec![7u8; length]);
            assert_eq!(hash(&a), hash(&b));
            assert_ne!(hash(&a), hash(&vec![7u8; length + 1]));
        }
    }

    /// Changing any one bit of the input changes each bit of the hash in about half of the cases.
    #[test]
    fn every_input_bit_reaches_every_output_bit() {
        const TRIALS: usize = 2_000;
        for length in [1, 3, 4, 8, 16, 17, 40] {
            let mut random = crate::random::Random::from_seed(length as u64);
            let mut flips = vec![[0u32; 64]; length * 8];
            // One byte has only 256 values to try.
            for trial in 0..TRIALS {
                let mut bytes: Vec<u8> = (0..length).map(|_| random.next_u64() as u8).collect();
                if length == 1 {
                    bytes[0] = trial as u8;
                }
                let before = hash(&bytes);
                for bit in 0..length * 8 {
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    let changed = hash(&bytes) ^ before;
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    for (out, count) in flips[bit].iter_mut().enumerate() {
                        *count += (changed >> out & 1) as u32;
                    }
                }
            }
            // 2,000 tosses stay within 50% +- 6.7% (six sigma); 256 repeated ones within +- 19%.
            let slack = if length == 1 { 0.19 } else { 0.067 };
            for (bit, counts) in flips.iter().enumerate() {
                for (out, &count) in counts.iter().enumerate() {
                    let share = f64::from(count) / TRIALS as f64;
                    assert!((share - 0.5).abs() < slack, "length {length}, bit {bit} -> {out}: {share}");
                }
            }
        }
    }

    /// Numbered keys, the commonest kind, fill the buckets of the low bits and of the high bits evenly.
    #[test]
    fn numbered_keys_spread_by_low_and_by_high_bits() {
        const BUCKETS: usize = 1 << 12;
        const KEYS: usize = BUCKETS * 16;
        let pick_low = |hash: u64| hash as usize % BUCKETS;
        let pick_high = |hash: u64| (hash >> 52) as usize;
        for (name, pick) in [("low", &pick_low as &dyn Fn(u64) -> usize), ("high", &pick_high)] {
            let mut buckets = vec![0u32; BUCKETS];
            for number in 0..KEYS {
                buckets[pick(hash(format!("key:{number:012}").as_bytes()))] += 1;
            }
            let chi_squared: f64 =
                buckets.iter().map(|&count| (f64::from(count) - 16.0).powi(2) / 16.0).sum();
            // Chi-squared with 4,095 degrees of freedom has a deviation of about 90: six of them.
            assert!((chi_squared - BUCKETS as f64).abs() < 540.0, "{name} bits: {chi_squared}");
        }
    }
}
