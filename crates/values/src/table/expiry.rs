//! Finding what has expired. Each segment keeps a lower bound of its elements' deadlines, so an expired element is
//! found without an index by deadline and at no cost to those that never expire.

use super::segment::Segment;
use super::{Element, Root, Table};

/// What becomes of an element in a [`sweep`](Table::sweep).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is taken out.
    Goes,
    /// It stays, and nothing of it is due before this; `u64::MAX` is never.
    Stays {
        /// In Unix milliseconds.
        until_ms: u64,
    },
}

impl<T: Element> Table<T> {
    /// Notes that an element in the table, whose hash this is, now expires at `deadline_ms`. To be called whenever
    /// a deadline is set; none need be taken back.
    #[inline]
    pub fn note_deadline(&mut self, hash: u64, deadline_ms: u64) {
        match &mut self.root {
            Root::One(segment) => segment.note_deadline(deadline_ms),
            Root::Many(directory) => directory.note_deadline(hash, deadline_ms),
        }
    }

    /// No element expires before this; `u64::MAX` when none is known to expire. It may be too early, since the
    /// deadlines of removed and changed elements count until the next [`sweep`](Self::sweep); it is never too late.
    /// Takes constant time.
    #[inline]
    pub fn earliest_deadline(&self) -> u64 {
        match &self.root {
            Root::One(segment) => segment.deadline_bound(),
            Root::Many(directory) => directory.earliest_deadline(),
        }
    }

    /// Takes out the elements of which `judge` says that they go, and hands them to `expired`: all those in up to
    /// `segments_max` segments that may have some. Returns how many segments it went through; less than
    /// `segments_max` says that nothing is due any more. A segment has up to a few hundred elements, and sweeping it
    /// looks at all of them.
    pub fn sweep(
        &mut self,
        now_ms: u64,
        segments_max: usize,
        mut judge: impl FnMut(&T) -> Fate,
        mut expired: impl FnMut(T),
    ) -> usize {
        for swept in 0..segments_max {
            let Some(hash) = self.next_due(now_ms) else { return swept };
            let mut bound = u64::MAX;
            let is_kept = |element: &T| match judge(element) {
                Fate::Goes => false,
                Fate::Stays { until_ms } => {
                    bound = bound.min(until_ms);
                    true
                }
            };
            let segment = self.root.segment_mut(hash);
            segment.retain(is_kept, |element| {
                self.len -= 1;
                expired(element);
            });
            segment.set_deadline_bound(bound);
            self.settle(hash);
        }
        segments_max
    }

    /// How many elements are due at `now_ms`, by the deadlines that `deadline_of` tells. Looks at the segments that
    /// may have some.
    pub fn count_due(&self, now_ms: u64, deadline_of: impl Fn(&T) -> Option<u64>) -> usize {
        let mut due = 0;
        let mut count = |segment: &Segment<T>| {
            segment.visit(|_, element| {
                due += usize::from(deadline_of(element).is_some_and(|deadline_ms| deadline_ms <= now_ms));
            });
        };
        match &self.root {
            Root::One(segment) if segment.deadline_bound() <= now_ms => count(segment),
            Root::One(_) => {}
            Root::Many(directory) => directory.visit_due(now_ms, &mut count),
        }
        due
    }

    /// A hash that belongs to a segment which may have elements that are due.
    fn next_due(&mut self, now_ms: u64) -> Option<u64> {
        match &mut self.root {
            Root::One(segment) => (segment.deadline_bound() <= now_ms && self.len != 0).then_some(0),
            Root::Many(directory) => directory.next_due(now_ms),
        }
    }
}
