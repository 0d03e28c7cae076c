//! Counting and finding bits, a word at a time.

use std::ops::Range;

/// The bits of `byte`, the one at `index`, that lie within `range`.
fn within(byte: u8, index: usize, range: &Range<usize>) -> u8 {
    let from = range.start.saturating_sub(8 * index).min(8);
    let beyond = (8 * (index + 1)).saturating_sub(range.end).min(8);
    byte & (0xff >> from) as u8 & (0xff << beyond) as u8
}

/// The bytes that hold the bits of `range`, which must not be empty.
fn bytes_of(range: &Range<usize>) -> Range<usize> {
    range.start / 8..range.end.div_ceil(8)
}

/// How many bits of `range`, all of which `bytes` has, are set.
pub fn count(bytes: &[u8], range: Range<usize>) -> usize {
    if range.is_empty() {
        return 0;
    }
    let covered = bytes_of(&range);
    let (first, last) = (covered.start, covered.end - 1);
    let outside = |index: usize| (bytes[index] & !within(bytes[index], index, &range)).count_ones() as usize;
    let outside = if first == last { outside(first) } else { outside(first) + outside(last) };
    count_all(&bytes[covered]) - outside
}

fn count_all(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let in_words: usize = words.iter().map(|word| u64::from_ne_bytes(*word).count_ones() as usize).sum();
    let in_rest: usize = rest.iter().map(|byte| byte.count_ones() as usize).sum();
    in_words + in_rest
}

/// The first bit of `range`, all of which `bytes` has, that is `bit`.
pub fn find(bytes: &[u8], bit: bool, range: Range<usize>) -> Option<usize> {
    if range.is_empty() {
        return None;
    }
    // What is looked for is a one once all is flipped.
    let flip = if bit { 0 } else { 0xff };
    let covered = bytes_of(&range);
    let place = |index: usize| {
        let candidates = within(bytes[index] ^ flip, index, &range);
        (candidates != 0).then(|| 8 * index + candidates.leading_zeros() as usize)
    };
    if let Some(found) = place(covered.start) {
        return Some(found);
    }
    let (words, rest) = bytes[covered.start + 1..covered.end].as_chunks::<8>();
    let passed = words.iter().take_while(|word| **word == [flip; 8]).count();
    let from = covered.end - rest.len() - 8 * (words.len() - passed);
    (from..covered.end).find_map(place)
}

#[cfg(test)]
mod tests {
    use base::random::Random;

    use super::*;

    #[test]
    fn agrees_with_looking_at_every_bit() {
        let mut random = Random::from_seed(5);
        for round in 0..2000 {
            let mut bytes: Vec<u8> = vec![if round % 2 == 0 { 0 } else { 0xff }; random.below(40) as usize];
            for _ in 0..random.below(3) {
                if let Some(byte) = bytes.get_mut(random.below(40) as usize) {
                    *byte = random.next_u64() as u8;
                }
            }
            let bits: Vec<bool> =
                bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1 == 1)).collect();
            let end = random.below(bits.len() as u64 + 1) as usize;
            let range = random.below(end as u64 + 1) as usize..end;
            let part = &bits[range.clone()];
            assert_eq!(count(&bytes, range.clone()), part.iter().filter(|bit| **bit).count());
            for wanted in [false, true] {
                let expected = part.iter().position(|bit| *bit == wanted).map(|at| range.start + at);
                assert_eq!(find(&bytes, wanted, range.clone()), expected, "{bytes:?} {range:?}");
            }
        }
    }
}
