//! Taking samples: some elements in a row, from a random place on.
//!
//! Which elements are neighbours is a matter of their hashes alone, so a row is as good as as many single choices, and
//! needs less memory to be looked at.

use super::iter::{POSITIONS, end_of, hash_at};
use super::segment::Segment;
use super::{Element, Table};

impl<T: Element> Table<T> {
    /// Calls `visit` with elements in a row, from the place on that `random` decides and round to it again, until it
    /// returns false or until about `effort` elements and segments have been looked at. With `only_expiring`, segments
    /// in which no element has a deadline are passed over; what is visited may still have none.
    pub fn sample(&self, random: u64, only_expiring: bool, effort: usize, mut visit: impl FnMut(&T) -> bool) {
        let begin = random >> 32;
        let first = self.root.segment(hash_at(begin));
        let slots = first.slot_count();
        let start = (((random & 0xffff_ffff) * slots as u64) >> 32) as usize;
        let mut left = effort;
        let mut look = |segment: &Segment<T>, slots: std::ops::Range<usize>| {
            left = left.saturating_sub(1);
            let is_passed_over = only_expiring && segment.deadline_bound() == u64::MAX;
            let mut at = if is_passed_over { slots.end } else { slots.start };
            while let Some((slot, element)) = segment.next_element(at).filter(|(slot, _)| *slot < slots.end) {
                left = left.saturating_sub(1);
                if !visit(&element) || left == 0 {
                    return false;
                }
                at = slot + 1;
            }
            left > 0
        };
        if !look(first, start..slots) {
            return;
        }
        let whole_circle = begin & !((POSITIONS >> first.depth()) - 1);
        let mut position = end_of(first, begin) % POSITIONS;
        while position != whole_circle {
            let segment = self.root.segment(hash_at(position));
            if !look(segment, 0..segment.slot_count()) {
                return;
            }
            position = end_of(segment, position) % POSITIONS;
        }
        look(first, 0..start);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::entry::{Entry, Form};
    use crate::table::Table;

    fn hash(number: u64) -> u64 {
        number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.rotate_left(40)
    }

    fn table(len: u64, expires: impl Fn(u64) -> bool) -> Table<Entry> {
        let mut table = Table::new();
        for number in 0..len {
            let deadline_ms = expires(number).then_some(1_000_000);
            let key = number.to_string();
            let entry = Entry::build(key.as_bytes(), Form::Bytes, deadline_ms, 0, |_| {});
            let mut inserted = table.insert_unique(hash(number), entry);
            deadline_ms.into_iter().for_each(|deadline_ms| inserted.note_deadline(deadline_ms));
        }
        table
    }

    fn visited(table: &Table<Entry>, random: u64, only_expiring: bool, effort: usize) -> Vec<u64> {
        let mut visited = Vec::new();
        table.sample(random, only_expiring, effort, |entry| {
            visited.push(std::str::from_utf8(entry.key()).unwrap().parse().unwrap());
            true
        });
        visited
    }

    #[test]
    fn all_are_visited_once_wherever_it_begins() {
        for len in [0, 1, 5, 100, 3000] {
            let table = table(len, |_| false);
            for random in (0..200).map(hash).chain([0, u64::MAX]) {
                let mut numbers = visited(&table, random, false, usize::MAX);
                numbers.sort_unstable();
                assert!(numbers.into_iter().eq(0..len), "{len} elements, from {random:x}");
            }
        }
    }

    #[test]
    fn effort_bounds_what_is_looked_at() {
        let table = table(3000, |_| false);
        let visited_of = |effort| visited(&table, 77, false, effort).len();
        assert!(visited_of(50) <= 50 && (900..=1000).contains(&visited_of(1000)));
        assert_eq!(visited(&table, 77, true, usize::MAX), []);
    }

    #[test]
    fn what_expires_is_found_among_much_that_does_not() {
        let table = table(20_000, |number| number == 4321);
        let numbers = visited(&table, 5, true, usize::MAX);
        assert!(numbers.contains(&4321) && numbers.len() < 2000, "{}", numbers.len());
    }

    #[test]
    fn each_element_has_about_the_same_chance() {
        const DRAWS: u64 = 100_000;
        let table = table(500, |_| false);
        let mut counts: BTreeMap<u64, u64> = (0..500).map(|number| (number, 0)).collect();
        for draw in 0..DRAWS {
            let mut left = 5;
            table.sample(base::hash::hash(&draw.to_le_bytes()), false, usize::MAX, |entry| {
                let number = std::str::from_utf8(entry.key()).unwrap().parse().unwrap();
                *counts.get_mut(&number).unwrap() += 1;
                left -= 1;
                left > 0
            });
        }
        let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
        let mean = DRAWS * 5 / 500;
        assert!(*least > mean / 5 && *most < mean * 4, "from {least} to {most}, of {mean}");
    }
}
