//! Short names in any case, found in a few instructions: every request looks its command up.
//!
//! A name of at most 16 bytes is two words, its first and its last eight bytes (which overlap, and are filled up
//! with zeros, as its length has it), with upper-case letters made lower-case in all eight bytes at once. Two names
//! are the same when their words and lengths are.

/// Longer names are found otherwise.
pub(super) const BYTES_MAX: usize = 16;

/// What is compared of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Packed {
    words: [u64; 2],
    len: usize,
}

impl Packed {
    /// Nothing when the name is empty or too long.
    #[inline]
    fn of(name: &[u8]) -> Option<Packed> {
        let len = name.len();
        let words = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            if len > BYTES_MAX {
                return None;
            }
            [lower(u64::from_le_bytes(*first)), lower(u64::from_le_bytes(*last))]
        } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            [lower(u64::from(first) | u64::from(last) << 32), 0]
        } else {
            let (first, last) = (name.first()?, name.last()?);
            [lower(u64::from(*first) | u64::from(name[len / 2]) << 8 | u64::from(*last) << 16), 0]
        };
        Some(Packed { words, len })
    }

    #[inline]
    fn hash(self) -> usize {
        /// 2^64 divided by the golden ratio.
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.words[0] ^ self.words[1].rotate_left(29)).wrapping_mul(MULTIPLIER);
        (mixed >> 32) as usize
    }
}

/// The eight bytes of `word`, ASCII letters in lower case.
#[inline]
fn lower(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let low = word & !HIGH;
    let from_a = low + ONES * (0x80 - b'A' as u64);
    let beyond_z = low + ONES * (0x7f - b'Z' as u64);
    let is_upper = (from_a ^ beyond_z) & HIGH & !word;
    word | is_upper >> 2
}

/// Numbers by short name: open addressing, at most a quarter full.
pub(super) struct ShortNames {
    places: Box<[Option<(Packed, u16)>]>,
}

impl ShortNames {
    /// Those among `names` that are short enough.
    pub(super) fn new<'a>(names: impl Iterator<Item = (&'a [u8], usize)>) -> ShortNames {
        let short: Vec<_> = names
            .filter_map(|(name, number)| Some((Packed::of(name)?, u16::try_from(number).ok()?)))
            .collect();
        let mut places = vec![None; (short.len() * 4).next_power_of_two()].into_boxed_slice();
        for (packed, number) in short {
            let mut at = packed.hash() & (places.len() - 1);
            while places[at].is_some() {
                at = (at + 1) & (places.len() - 1);
            }
            places[at] = Some((packed, number));
        }
        ShortNames { places }
    }

    /// The number of the name that equals `name` in any case.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let packed = Packed::of(name)?;
        let mut at = packed.hash();
        loop {
            at &= self.places.len() - 1;
            let (held, number) = self.places[at].as_ref()?;
            if *held == packed {
                return Some(usize::from(*number));
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_nothing_else() {
        let names: Vec<Vec<u8>> = (0..200usize)
            .map(|number| {
                let text = format!("{number:x}{}", "abcdefghijklmnopq");
                text.as_bytes()[..1 + number.to_string().len().max(number % 17)].to_vec()
            })
            .collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().cloned().collect();
        let names: Vec<Vec<u8>> = distinct.into_iter().collect();
        let table = ShortNames::new(names.iter().enumerate().map(|(number, name)| (name.as_slice(), number)));
        for (number, name) in names.iter().enumerate() {
            let expected = (name.len() <= BYTES_MAX).then_some(number);
            assert_eq!(table.find(name), expected, "{}", name.escape_ascii());
            assert_eq!(table.find(&name.to_ascii_uppercase()), expected);
            let longer = [name, &b"?"[..]].concat();
            assert!(table.find(&longer).is_none_or(|found| names[found] == longer));
        }
        assert_eq!((table.find(b""), table.find(&[b'a'; 17])), (None, None));
    }

    #[test]
    fn only_letters_have_cases() {
        for byte in 0..=255u8 {
            let word = u64::from_le_bytes([byte; 8]);
            assert_eq!(lower(word), u64::from_le_bytes([byte.to_ascii_lowercase(); 8]), "{byte}");
        }
    }
}
