//! Made-up data: the same in every run and for every server, spread as random data is.

/// The `index`th number of a random-looking sequence without repetitions: the output function of
/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
pub fn number(index: usize) -> u64 {
    let mut x = (index as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The `index`th text of 16 bytes, different for every index: hexadecimal digits.
pub fn text_16(index: usize) -> [u8; 16] {
    let bits = number(index);
    std::array::from_fn(|digit| b"0123456789abcdef"[(bits >> (4 * digit)) as usize & 0xf])
}

/// The `index`th text of 64 bytes.
pub fn text_64(index: usize) -> [u8; 64] {
    let mut text = [0; 64];
    for (part, place) in text.chunks_exact_mut(16).enumerate() {
        place.copy_from_slice(&text_16(4 * index + part));
    }
    text
}

/// Fills `out` with the `index`th bytes of its length, which nothing can compress.
pub fn fill(index: usize, out: &mut [u8]) {
    let words = out.len().div_ceil(8);
    for (place, chunk) in out.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&number(index * words + place).to_le_bytes()[..chunk.len()]);
    }
}

/// The `index`th fraction of 53 random bits, from 0 up to 1.
pub fn fraction(index: usize) -> f64 {
    (number(index) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_and_are_digits() {
        let mut texts: Vec<_> = (0..10_000).flat_map(|index| text_64(index).as_chunks().0.to_vec()).collect();
        assert!(texts.iter().flatten().all(u8::is_ascii_hexdigit));
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 40_000);
        assert!(texts.contains(&text_16(7)));
    }

    #[test]
    fn bytes_differ_and_fill_any_length() {
        let mut all: Vec<[u8; 12]> = vec![[0; 12]; 1000];
        all.iter_mut().enumerate().for_each(|(index, bytes)| fill(index, bytes));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1000);
        assert!(all.iter().filter(|bytes| bytes[8..] == [0; 4]).count() < 2);
    }

    #[test]
    fn fractions_spread_over_their_range() {
        let mean = (0..10_000).map(fraction).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        assert!((0..10_000).all(|index| (0.0..1.0).contains(&fraction(index))));
    }
}
