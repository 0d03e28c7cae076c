//! The indexed form: a table that finds a member's score, and a tree that knows the members' order.
//!
//! The table owns the [`Member`]s and the tree points at them, so whoever adds to or takes from the one does the
//! same to the other before anything else can look: only this file holds both.
#![allow(unsafe_code)] // one block: what is said above is the promise that `Member::share` asks for; and one form

use std::ops::Range;

use base::hash::hash;

use super::Change;
use super::member::Member;
use super::packed::Packed;
use super::tree::{Slot, Slots, Tree};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::table::{Stage, Table};

/// A sorted set in a tree and a hash table.
pub struct IndexedZSet {
    members: Table<Member>,
    tree: Tree,
    member_bytes: usize,
}

impl IndexedZSet {
    pub(crate) fn new() -> IndexedZSet {
        IndexedZSet { members: Table::new(), tree: Tree::new(), member_bytes: 0 }
    }

    /// The same members as `packed`.
    pub(super) fn from_packed(packed: Packed<'_>) -> IndexedZSet {
        let mut set = IndexedZSet::new();
        for (member, score) in packed.range(0, usize::MAX, false) {
            set.add(member, score);
        }
        set
    }

    /// Adds a member that is not there yet.
    pub(crate) fn add(&mut self, member: &[u8], score: f64) {
        self.insert_new(hash(member), member, score);
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.tree.len()
    }

    #[inline]
    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.find(hash(member), |other| other.bytes() == member).map(|found| found.score())
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.tree.rank(score, member), score))
    }

    /// The number of leading members that `before` holds for.
    pub(super) fn count_while(&self, mut before: impl FnMut(f64, &[u8]) -> bool) -> usize {
        self.tree.count_while(|slot| before(slot.score, slot.member.bytes()))
    }

    /// The number of leading members that `before` holds for, told by their scores alone.
    pub(super) fn count_while_score(&self, mut before: impl FnMut(f64) -> bool) -> usize {
        self.tree.count_while(|slot| before(slot.score))
    }

    pub(super) fn range(&self, start: usize, count: usize, reverse: bool) -> Slots<'_> {
        self.tree.range(start, count, reverse)
    }

    pub(super) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], f64)) -> u64 {
        self.members.scan(cursor, count, |member| f(member.bytes(), member.score()))
    }

    /// As [`ZSetMut::update`](super::ZSetMut::update).
    pub(super) fn update(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Change {
        let hash = hash(member);
        let Some(mut found) = self.members.find_mut(hash, |other| other.bytes() == member) else {
            let Some(score) = decide(None) else { return Change::Unchanged };
            self.insert_new(hash, member, score);
            return Change::Added;
        };
        let old = found.score();
        match decide(Some(old)) {
            Some(score) if score != old => {
                found.set_score(score);
                let slot = slot_of(&found, old);
                self.tree.update(slot, score);
                Change::Updated
            }
            _ => Change::Unchanged,
        }
    }

    /// Adds `member`, which must not be there and hashes to `hash`.
    fn insert_new(&mut self, hash: u64, member: &[u8], score: f64) {
        let member = Member::new(member, score);
        self.member_bytes += member.memory_bytes();
        self.tree.insert(slot_of(&member, score));
        self.members.insert_unique(hash, member);
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let removed = self.members.remove(hash(member), |other| other.bytes() == member)?;
        self.member_bytes -= removed.memory_bytes();
        self.tree.remove(slot_of(&removed, removed.score()));
        Some(removed.score())
    }

    /// Removes the member of rank `rank` and passes it to `f`.
    pub(super) fn pop<R>(&mut self, rank: usize, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        let slot = *self.tree.take(rank, 1).first()?;
        let removed = self.disown(slot);
        Some(f(removed.bytes(), removed.score()))
    }

    /// Removes the members of the ranks `span`, which must exist.
    pub(super) fn remove_span(&mut self, span: Range<usize>) {
        let mut left = span.len();
        while left > 0 {
            let taken = self.tree.take(span.start, left);
            left -= taken.len();
            taken.iter().for_each(|slot| slot.member.prefetch());
            for slot in taken {
                self.disown(slot);
            }
        }
    }

    /// Takes the member that `slot`, which has left the tree, points at out of the table as well.
    fn disown(&mut self, slot: Slot) -> Member {
        let removed = self
            .members
            .remove(hash(slot.member.bytes()), |other| other.is(slot.member))
            .expect("the tree holds exactly the table's members");
        self.member_bytes -= removed.memory_bytes();
        removed
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.tree.check();
        assert_eq!(self.members.len(), self.tree.len());
        let mut member_bytes = 0;
        for slot in self.tree.range(0, usize::MAX, false) {
            let member = slot.member.bytes();
            let found = self.members.find(hash(member), |other| other.is(slot.member)).expect("in the table");
            assert_eq!(found.score().to_bits(), slot.score.to_bits());
            member_bytes += found.memory_bytes();
        }
        assert_eq!(member_bytes, self.member_bytes);
    }

    #[cfg(test)]
    pub(super) fn leaf_fill(&self) -> f64 {
        self.tree.leaf_fill()
    }
}

fn slot_of(member: &Member, score: f64) -> Slot {
    // SAFETY: a member is dropped only after its slot has left the tree: `remove` and `disown` take both out,
    // nothing else takes a member out of the table, and neither index reads the other's members when dropped.
    Slot { score, member: unsafe { member.share() } }
}

// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for IndexedZSet {
    const FORM: Form = Form::ZSetIndexed;
}

impl Collection for IndexedZSet {
    fn memory_bytes(&self) -> usize {
        size_of::<IndexedZSet>() + self.members.memory_bytes() + self.tree.heap_bytes() + self.member_bytes
    }

    fn free_effort(&self) -> usize {
        self.len()
    }

    fn prefetch(&self, hash: u64, stage: Stage) {
        self.members.prefetch(hash, stage);
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedZSet::new();
        for slot in self.range(0, usize::MAX, false) {
            copy.add(slot.member.bytes(), slot.score);
        }
        Copied::new(copy)
    }
}
