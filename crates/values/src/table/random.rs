//! Choosing an element such that each has exactly the same chance.

use super::bucket::BUCKET_WORDS;
use super::{Element, Ref, RefMut, Root, Table};

/// Draws before a walk through all segments settles it; with a usual load, one in 2^30 choices gets so far.
const DRAWS_MIN: usize = 64;

impl<T: Element> Table<T> {
    /// An element chosen uniformly; `None` only from an empty table. `random` gives 64 uniform bits a call. Takes
    /// constant time as a rule, and never longer than a look at each segment.
    pub fn random(&self, random: &mut impl FnMut() -> u64) -> Option<Ref<'_, T>> {
        let (hash, slot) = self.random_place(random)?;
        self.root.segment(hash).peek(slot).map(Ref::new)
    }

    /// As [`Table::random`], to change the element or remove it.
    pub fn random_mut(&mut self, random: &mut impl FnMut() -> u64) -> Option<RefMut<'_, T>> {
        let (hash, slot) = self.random_place(random)?;
        self.lend(hash, slot)
    }

    /// A hash that belongs to the chosen element's segment, and its slot.
    ///
    /// Every draw gives each slot of each segment the same chance, and counts only if there is an element. So does
    /// the walk that follows when no draw counted; hence all elements have the same chance.
    fn random_place(&self, random: &mut impl FnMut() -> u64) -> Option<(u64, usize)> {
        if self.is_empty() {
            return None;
        }
        let drawn = match &self.root {
            Root::One(segment) => (0..DRAWS_MIN).find_map(|_| {
                let slot = below(segment.slot_count(), random);
                segment.peek(slot).map(|_| (0, slot))
            }),
            Root::Many(directory) => {
                // Where draws rarely count, there are few segments for the size of the directory: then walk soon.
                let draws = directory.segment_count().max(DRAWS_MIN);
                let slots = directory.buckets_max() * BUCKET_WORDS;
                (0..draws).find_map(|_| {
                    let hash = random() >> (u64::BITS - directory.depth()) << (u64::BITS - directory.depth());
                    let segment = directory.segment_beginning_at(hash)?;
                    let slot = below(slots, random);
                    segment.peek(slot).map(|_| (hash, slot))
                })
            }
        };
        drawn.or_else(|| self.place_of(below(self.len, random)))
    }

    /// The place of the element that is the `index`-th in the order of segments and slots.
    fn place_of(&self, mut index: usize) -> Option<(u64, usize)> {
        for (hash, segment) in self.segments() {
            if index < segment.len() {
                let slot =
                    (0..segment.slot_count()).filter(|&slot| segment.peek(slot).is_some()).nth(index)?;
                return Some((hash, slot));
            }
            index -= segment.len();
        }
        None
    }
}

/// A uniform number below `bound`, which is not zero.
///
/// Source: D. Lemire, "Fast Random Integer Generation in an Interval", 2019.
fn below(bound: usize, random: &mut impl FnMut() -> u64) -> usize {
    let bound = bound as u64;
    loop {
        let product = u128::from(random()) * u128::from(bound);
        let low = product as u64;
        if low >= bound || low >= bound.wrapping_neg() % bound {
            return (product >> u64::BITS) as usize;
        }
    }
}
