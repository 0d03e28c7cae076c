//! The longest common subsequence of two strings, 64 cells of the classic table at a time.
//!
//! Along a row of the table of lengths, neighbours differ by at most one, so that a row is a row of bits; the next
//! one follows by an addition and some logic on whole words (M. Crochemore et al., *A fast and practical
//! bit-vector algorithm for the longest common subsequence problem*, 2001, in the form of H. Hyyrö, *Bit-parallel
//! LCS-length computation revisited*, 2004). All rows together take one bit for each cell, which is enough to walk
//! back through the table and say what is common.

use std::ops::Range;

/// A run of bytes that both strings have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where it is in the first string.
    pub first: Range<usize>,
    /// Where it is in the second string; as long.
    pub second: Range<usize>,
}

/// The table of two strings.
pub struct Table<'a> {
    first: &'a [u8],
    second: &'a [u8],
    /// For each byte of `first`, a bit for each byte of `second`: clear where the length grows from the byte before
    /// it to this one.
    rows: Vec<u64>,
    words: usize,
}

impl<'a> Table<'a> {
    /// The table of `first` and `second`; it takes an eighth of a byte for each pair of their bytes.
    pub fn new(first: &'a [u8], second: &'a [u8]) -> Table<'a> {
        let words = second.len().div_ceil(64);
        let places = Places::new(first, second, words);
        let mut rows = vec![u64::MAX; (first.len() + 1) * words];
        for (index, byte) in first.iter().enumerate() {
            let (above, row) = rows[index * words..(index + 2) * words].split_at_mut(words);
            let mut carry = false;
            for ((row, above), place) in row.iter_mut().zip(above).zip(places.of(*byte)) {
                let matching = *above & place;
                let (sum, first_carry) = above.overflowing_add(matching);
                let (sum, second_carry) = sum.overflowing_add(u64::from(carry));
                carry = first_carry || second_carry;
                *row = sum | *above & !place;
            }
        }
        Table { first, second, rows, words }
    }

    /// The length of the longest common subsequence.
    pub fn len(&self) -> usize {
        let last = &self.rows[self.first.len() * self.words..];
        // Bits beyond the second string are never cleared.
        last.iter().map(|word| word.count_zeros() as usize).sum()
    }

    /// Whether the length grows at the byte `column` of the second string, given the first string's bytes up to
    /// and with `row`.
    fn grows(&self, row: usize, column: usize) -> bool {
        self.rows[(row + 1) * self.words + column / 64] >> (column % 64) & 1 == 0
    }

    /// The runs of bytes that make up the subsequence, from the last to the first. Where there are several
    /// subsequences of that length, the one that Redis finds.
    pub fn matches(&self) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        let (mut row, mut column) = (self.first.len(), self.second.len());
        while row > 0 && column > 0 {
            if self.first[row - 1] != self.second[column - 1] {
                if self.grows(row - 1, column - 1) {
                    row -= 1
                } else {
                    column -= 1
                }
                continue;
            }
            (row, column) = (row - 1, column - 1);
            match found.last_mut() {
                Some(run) if run.first.start == row + 1 && run.second.start == column + 1 => {
                    (run.first.start, run.second.start) = (row, column);
                }
                _ => found.push(Match { first: row..row + 1, second: column..column + 1 }),
            }
        }
        found
    }
}

/// Where each byte occurs in a string, as bits.
struct Places {
    /// Which run of words belongs to a byte; the first is for those that occur nowhere.
    runs: [u16; 256],
    bits: Vec<u64>,
    words: usize,
}

impl Places {
    /// The places in `second` of the bytes that `first` has.
    fn new(first: &[u8], second: &[u8], words: usize) -> Places {
        let mut runs = [0; 256];
        let mut count = 1;
        for byte in first {
            let run = &mut runs[usize::from(*byte)];
            if *run == 0 {
                *run = count;
                count += 1;
            }
        }
        let mut bits = vec![0; usize::from(count) * words];
        for (column, byte) in second.iter().enumerate() {
            let run = usize::from(runs[usize::from(*byte)]);
            if run > 0 {
                bits[run * words + column / 64] |= 1 << (column % 64);
            }
        }
        Places { runs, bits, words }
    }

    fn of(&self, byte: u8) -> &[u64] {
        let start = usize::from(self.runs[usize::from(byte)]) * self.words;
        &self.bits[start..start + self.words]
    }
}

#[cfg(test)]
mod tests {
    use base::random::Random;

    use super::*;

    /// The classic table, and Redis' way back through it.
    fn model(first: &[u8], second: &[u8]) -> (usize, Vec<(usize, usize)>) {
        let mut table = vec![vec![0; second.len() + 1]; first.len() + 1];
        for row in 1..=first.len() {
            for column in 1..=second.len() {
                table[row][column] = if first[row - 1] == second[column - 1] {
                    table[row - 1][column - 1] + 1
                } else {
                    table[row - 1][column].max(table[row][column - 1])
                };
            }
        }
        let mut pairs = Vec::new();
        let (mut row, mut column) = (first.len(), second.len());
        while row > 0 && column > 0 {
            if first[row - 1] == second[column - 1] {
                (row, column) = (row - 1, column - 1);
                pairs.push((row, column));
            } else if table[row - 1][column] > table[row][column - 1] {
                row -= 1;
            } else {
                column -= 1;
            }
        }
        (table[first.len()][second.len()], pairs)
    }

    #[test]
    fn agrees_with_the_classic_table() {
        let mut random = Random::from_seed(11);
        for _ in 0..300 {
            let letters = 1 + random.below(6);
            let mut text = |len_max| -> Vec<u8> {
                let len = random.below(len_max);
                (0..len).map(|_| b'a' + random.below(letters) as u8).collect()
            };
            let (first, second) = (text(60), text(200));
            let table = Table::new(&first, &second);
            let (len, pairs) = model(&first, &second);
            assert_eq!(table.len(), len);
            let matches = table.matches();
            let found: Vec<_> =
                matches.iter().flat_map(|m| m.first.clone().zip(m.second.clone()).rev()).collect();
            assert_eq!(found, pairs, "{first:?} {second:?}");
        }
    }

    #[test]
    fn runs_are_as_long_as_they_can_be() {
        let table = Table::new(b"ohmytext", b"mynewtext");
        let matches = table.matches();
        assert_eq!(matches[0], Match { first: 4..8, second: 5..9 });
        assert_eq!(matches[1], Match { first: 2..4, second: 0..2 });
        assert_eq!((matches.len(), table.len()), (2, 6));
    }

    #[test]
    fn nothing_has_nothing_in_common() {
        for (first, second) in [("", ""), ("", "a"), ("a", ""), ("abc", "def")] {
            let table = Table::new(first.as_bytes(), second.as_bytes());
            assert_eq!((table.len(), table.matches()), (0, vec![]));
        }
    }
}
