//! LZF, Marc Lehmann's compression: literal runs, and references of up to 264 bytes to at most 8 KiB back.
//!
//! ```text
//!  000LLLLL  L+1 bytes                           bytes as they are, 1 to 32
//!  LLLooooo  oooooooo                            L+2 bytes from o+1 back, L from 1 to 6
//!  111ooooo  LLLLLLLL  oooooooo                  L+9 bytes from o+1 back
//! ```
//!
//! Source: liblzf's `lzf_d.c`. The crate `lzf` is no longer kept, and what is needed of it is this page.

/// Longest run of literals.
const LITERALS_MAX: usize = 32;
/// How far back a reference reaches.
const DISTANCE_MAX: usize = 1 << 13;
/// Longest reference.
const MATCH_MAX: usize = 264;
/// A reference of three bytes gives up to 264: no input expands further than by this.
pub(crate) const EXPANSION_MAX: u64 = (MATCH_MAX / 3) as u64;

/// How many hashes of three bytes are told apart: as many as there are places, but no more than this.
const HASH_BITS_MAX: u32 = 13;
/// Up to so many bytes, these are remembered without an allocation.
const SMALL_BYTES_MAX: usize = 1 << SMALL_HASH_BITS;
const SMALL_HASH_BITS: u32 = 8;

/// The bytes that `input` was made of, which must be `len`. `None` where it is not such an input. The caller has seen
/// that `len` is not beyond [`EXPANSION_MAX`].
pub(crate) fn decompress(mut input: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(len);
    while let Some(control) = input.split_off_first() {
        let control = usize::from(*control);
        if control < LITERALS_MAX {
            out.extend_from_slice(input.split_off(..control + 1)?);
        } else {
            let mut count = control >> 5;
            if count == 7 {
                count += usize::from(*input.split_off_first()?);
            }
            let distance = (control & 0x1f) << 8 | usize::from(*input.split_off_first()?);
            let start = out.len().checked_sub(distance + 1)?;
            let count = count + 2;
            if count <= distance + 1 {
                out.extend_from_within(start..start + count);
            } else {
                // What is copied is being written: it repeats.
                for at in start..start + count {
                    let byte = *out.get(at)?;
                    out.push(byte);
                }
            }
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

/// Appends `input`, compressed, to `out`, and says whether that took fewer than `size_max` bytes. Where it did not,
/// `out` is as it was.
pub(crate) fn compress(input: &[u8], size_max: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let fits = write(input, start + size_max, out);
    if !fits {
        out.truncate(start);
    }
    fits
}

fn write(input: &[u8], end_max: usize, out: &mut Vec<u8>) -> bool {
    if input.len() <= SMALL_BYTES_MAX {
        return write_with(&mut [0; 1 << SMALL_HASH_BITS], SMALL_HASH_BITS, input, end_max, out);
    }
    let bits = (usize::BITS - input.len().leading_zeros()).min(HASH_BITS_MAX);
    write_with(&mut vec![0; 1 << bits], bits, input, end_max, out)
}

/// `seen` says where a hash of three bytes was last seen. Where it was not yet, that is 0, whose bytes are looked at like
/// any others: so there is one question for each place, and it is seldom answered with yes.
fn write_with(seen: &mut [u32], bits: u32, input: &[u8], end_max: usize, out: &mut Vec<u8>) -> bool {
    let three_at = |at: usize| {
        let four = input.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*four) << 8)
    };
    let (mut at, mut literals_from) = (1, 0);
    while let Some(three) = three_at(at) {
        let Some(place) = seen.get_mut(hash(three, bits)) else { break };
        let before = std::mem::replace(place, at as u32) as usize;
        let distance = at - before;
        if three_at(before) != Some(three) || distance > DISTANCE_MAX {
            // Where nothing repeats, it is looked at ever less closely.
            at += 1 + (at - literals_from) / LITERALS_MAX;
            continue;
        }
        let most = MATCH_MAX.min(input.len() - at);
        let same = input[before..].iter().zip(&input[at..at + most]).take_while(|(a, b)| a == b);
        let count = same.count();
        write_literals(&input[literals_from..at], out);
        let (count_code, distance_code) = (count - 2, distance - 1);
        let high = (distance_code >> 8) as u8;
        if count_code < 7 {
            out.push((count_code as u8) << 5 | high);
        } else {
            out.extend([7 << 5 | high, (count_code - 7) as u8]);
        }
        out.push(distance_code as u8);
        at += count;
        literals_from = at;
        if out.len() >= end_max {
            return false;
        }
    }
    let rest = &input[literals_from..];
    if out.len() + rest.len() + rest.len().div_ceil(LITERALS_MAX) >= end_max {
        return false;
    }
    write_literals(rest, out);
    true
}

fn write_literals(literals: &[u8], out: &mut Vec<u8>) {
    for run in literals.chunks(LITERALS_MAX) {
        out.push(run.len() as u8 - 1);
        out.extend_from_slice(run);
    }
}

/// Of three bytes, which are the upper ones.
fn hash(three: u32, bits: u32) -> usize {
    (three.wrapping_mul(2_654_435_761) >> (u32::BITS - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::random::Random;

    #[test]
    fn what_is_compressed_reads_back() {
        let mut random = Random::from_seed(1);
        for round in 0..300u64 {
            let letters = 1 + random.below(if round % 3 == 0 { 256 } else { 4 });
            let input: Vec<u8> = (0..random.below(20_000)).map(|_| random.below(letters) as u8).collect();
            let mut out = b"before".to_vec();
            if compress(&input, input.len(), &mut out) {
                assert!(out.len() - 6 < input.len());
                assert_eq!(decompress(&out[6..], input.len()).as_ref(), Some(&input));
                assert_eq!(decompress(&out[6..], input.len() + 1), None);
                assert_eq!(decompress(&out[6..out.len() - 1], input.len()), None);
                assert!(input.len() as u64 <= (out.len() - 6) as u64 * EXPANSION_MAX);
            } else {
                assert_eq!(out, b"before");
            }
        }
        let mut out = Vec::new();
        assert!(compress(&[b'x'; 10_000], 10_000, &mut out) && out.len() < 130, "{}", out.len());
    }

    #[test]
    fn what_is_no_compression_is_refused_without_a_panic() {
        let mut random = Random::from_seed(2);
        for _ in 0..20_000 {
            let input: Vec<u8> = (0..random.below(30)).map(|_| random.next_u64() as u8).collect();
            let len = random.below(300) as usize;
            assert!(decompress(&input, len).is_none_or(|out| out.len() == len));
        }
        assert_eq!(decompress(&[0x20, 0], 3), None, "a reference to before the beginning");
        assert_eq!(decompress(&[0, b'a', 0xe0, 0, 0], 10), Some(b"a".repeat(10)));
    }
}
