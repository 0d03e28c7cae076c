//! An ordered index of scores and members: a B+tree that counts what is below each node.
//!
//! ```text
//!                     +-------+-------+--
//!      inner node     | first | first |  …     each child: its first slot, how many slots are below it
//!                     | count | count |
//!                     +---|---+---|---+--
//!                         v       v
//!      leaves     [ slot slot … ][ slot … ]    slot: a score and a pointer to the member
//! ```
//!
//! The counts make rank, selection by rank and counting a range walks from the root to one leaf. Scores are
//! compared where they lie; a member's bytes are looked at only between equal scores.
//!
//! The nodes of a level hold between half of what fits and all of it, but for the first and the last one of
//! the level, which may hold less: so a set that is loaded in order fills its leaves, and a set that is popped
//! from an end moves nothing. Sources: Comer, "The Ubiquitous B-Tree" (1979), and for the counts the
//! order-statistic tree of Cormen et al., "Introduction to Algorithms".

mod items;
mod node;

#[cfg(test)]
mod check;

use smallvec::SmallVec;

use items::{Items, leading};
use node::{Child, Edges, Node};

use super::member::MemberRef;

/// Slots in a leaf, at most.
///
/// 32 cost a byte more for each member, and 128 more time for moving slots: neither measured faster.
const LEAF_MAX: usize = 64;
/// Children of an inner node, at most; 32 and 128 measured the same.
const INNER_MAX: usize = 64;
/// Inner levels, at most: half-full nodes of 32 reach beyond any memory long before.
const DEPTH_MAX: usize = 12;
/// How many slots ahead of an iteration the members are fetched: enough to hide a memory access, which nearly
/// halves the time that a range of a large set takes.
const PREFETCH_AHEAD: usize = 8;

const _: () = assert!(LEAF_MAX <= u8::MAX as usize && INNER_MAX <= u8::MAX as usize, "a path is of bytes");

/// A score and its member.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) score: f64,
    pub(super) member: MemberRef,
}

/// Where a slot is: the index of the child on each level, then that of the slot in its leaf.
struct Position {
    path: [u8; DEPTH_MAX],
    at: usize,
}

/// Slots in order. See the module's documentation.
pub(super) struct Tree {
    root: Node,
    len: usize,
    heap_bytes: usize,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { root: Node::Leaf(Items::new()), len: 0, heap_bytes: 0 }
    }

    /// The number of slots.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes of memory that the nodes take, in constant time.
    pub(super) fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Inserts `slot`, which must not be there.
    pub(super) fn insert(&mut self, slot: Slot) {
        self.len += 1;
        let Some(right) = self.root.insert(slot, Edges::BOTH, &mut self.heap_bytes) else { return };
        let left = std::mem::replace(&mut self.root, Node::Leaf(Items::new()));
        let mut children = Items::new();
        children.insert(0, Child::of(left), &mut self.heap_bytes);
        children.insert(1, Child::of(right), &mut self.heap_bytes);
        self.root = Node::Inner(children);
    }

    /// Removes `slot`, which must be there.
    pub(super) fn remove(&mut self, slot: Slot) {
        let position = self.find(slot);
        self.cut(&position, 1);
    }

    /// Gives the member of `slot`, which must be there, another score.
    pub(super) fn update(&mut self, slot: Slot, score: f64) {
        let position = self.find(slot);
        if !reposition(self.leaf_mut(&position), position.at, score) {
            self.cut(&position, 1);
            self.insert(Slot { score, member: slot.member });
        }
    }

    /// Removes up to `count` slots from rank `start` on, as many as are in one leaf, and returns them: none only
    /// when there are none.
    pub(super) fn take(&mut self, start: usize, count: usize) -> SmallVec<[Slot; LEAF_MAX]> {
        if start >= self.len {
            return SmallVec::new();
        }
        let position = self.select(start);
        let slots = &self.leaf_mut(&position)[position.at..];
        let taken = SmallVec::from_slice(&slots[..count.min(slots.len())]);
        self.cut(&position, taken.len());
        taken
    }

    fn cut(&mut self, position: &Position, count: usize) {
        let cut = position.at..position.at + count;
        self.root.remove(&position.path, cut, Edges::BOTH, &mut self.heap_bytes);
        self.len -= count;
        while let Node::Inner(children) = &mut self.root {
            if children.len() > 1 {
                return;
            }
            // One child takes the root's place; none leaves a new, empty one.
            let child = children.first_mut().map(|child| &mut child.node);
            let below = child
                .map_or(Node::Leaf(Items::new()), |node| std::mem::replace(node, Node::Leaf(Items::new())));
            children.remove(0..children.len(), &mut self.heap_bytes);
            self.root = below;
        }
    }

    fn find(&self, slot: Slot) -> Position {
        let bytes = slot.member.bytes();
        let mut path = [0; DEPTH_MAX];
        let mut node = &self.root;
        let mut depth = 0;
        while let Node::Inner(children) = node {
            let index = leading(children, slot.score, |other| other <= bytes).saturating_sub(1);
            path[depth] = index as u8;
            depth += 1;
            node = &children[index].node;
        }
        let Node::Leaf(slots) = node else { unreachable!("the loop ends at a leaf") };
        Position { path, at: leading(slots, slot.score, |other| other < bytes) }
    }

    fn select(&self, mut rank: usize) -> Position {
        let mut path = [0; DEPTH_MAX];
        let mut node = &self.root;
        let mut depth = 0;
        while let Node::Inner(children) = node {
            let index = skip_to(children, &mut rank);
            path[depth] = index as u8;
            depth += 1;
            node = &children[index].node;
        }
        Position { path, at: rank }
    }

    fn leaf_mut(&mut self, position: &Position) -> &mut [Slot] {
        let mut node = &mut self.root;
        let mut path = position.path.iter();
        loop {
            match node {
                Node::Leaf(slots) => return slots,
                Node::Inner(children) => {
                    let index = path.next().expect("a path reaches down to a leaf");
                    node = &mut children[usize::from(*index)].node;
                }
            }
        }
    }

    /// The number of slots before `member` with `score`.
    pub(super) fn rank(&self, score: f64, member: &[u8]) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(slots) => return rank + leading(slots, score, |other| other < member),
                Node::Inner(children) => {
                    let index = leading(children, score, |other| other < member).saturating_sub(1);
                    rank += count(&children[..index]);
                    node = &children[index].node;
                }
            }
        }
    }

    /// The number of leading slots that `before` holds for: where it holds for a slot, it must hold for all
    /// slots before that one.
    pub(super) fn count_while(&self, mut before: impl FnMut(&Slot) -> bool) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(slots) => return rank + slots.partition_point(before),
                Node::Inner(children) => {
                    let index = children.partition_point(|child| before(&child.first)).saturating_sub(1);
                    rank += count(&children[..index]);
                    node = &children[index].node;
                }
            }
        }
    }

    /// The leaf with the slot of rank `rank`, which must exist, and that slot's index in it.
    fn leaf_at(&self, mut rank: usize) -> (&[Slot], usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(slots) => return (slots, rank),
                Node::Inner(children) => node = &children[skip_to(children, &mut rank)].node,
            }
        }
    }

    /// Up to `count` slots from rank `start` on; `reverse` counts ranks from the last slot and walks backwards.
    pub(super) fn range(&self, start: usize, count: usize, reverse: bool) -> Slots<'_> {
        let remaining = count.min(self.len.saturating_sub(start));
        let next_rank = if reverse { self.len.saturating_sub(start) } else { start };
        Slots { tree: self, leaf: &[], next_rank, remaining, reverse }
    }
}

fn count(children: &[Child]) -> usize {
    children.iter().map(|child| child.count).sum()
}

/// The index of the child below which the slot of rank `rank` is; `rank` becomes its rank there.
#[inline]
fn skip_to(children: &[Child], rank: &mut usize) -> usize {
    let mut index = 0;
    while *rank >= children[index].count {
        *rank -= children[index].count;
        index += 1;
    }
    index
}

/// Moves the slot at `at` to where `score` puts it, where that is certain to be within this leaf and not to be
/// its first place, which the nodes above know. Says whether it did.
fn reposition(slots: &mut [Slot], at: usize, score: f64) -> bool {
    let member = slots[at].member;
    let bytes = member.bytes();
    let precedes =
        |other: &Slot| other.score < score || (other.score == score && other.member.bytes() < bytes);
    let last = slots.len() - 1;
    if at == 0 || at == last || !precedes(&slots[0]) || precedes(&slots[last]) {
        return false;
    }
    slots[at].score = score;
    if precedes(&slots[at + 1]) {
        let to = at + slots[at + 1..].partition_point(precedes);
        slots[at..=to].rotate_left(1);
    } else {
        let to = slots[..at].partition_point(precedes);
        slots[to..=at].rotate_right(1);
    }
    true
}

/// Slots of consecutive ranks, in either direction: leaf by leaf, each found from the root.
#[derive(Clone)]
pub(super) struct Slots<'a> {
    tree: &'a Tree,
    /// What is left of the present leaf.
    leaf: &'a [Slot],
    /// Forwards the rank after the present leaf, backwards that of its first slot.
    next_rank: usize,
    remaining: usize,
    reverse: bool,
}

impl<'a> Iterator for Slots<'a> {
    type Item = &'a Slot;

    #[inline]
    fn next(&mut self) -> Option<&'a Slot> {
        self.remaining = self.remaining.checked_sub(1)?;
        if self.leaf.is_empty() {
            self.load_leaf();
        }
        let (slot, ahead) = if self.reverse {
            (self.leaf.split_off_last(), self.leaf.iter().nth_back(PREFETCH_AHEAD - 1))
        } else {
            (self.leaf.split_off_first(), self.leaf.get(PREFETCH_AHEAD - 1))
        };
        if let Some(ahead) = ahead {
            ahead.member.prefetch();
        }
        slot
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl Slots<'_> {
    fn load_leaf(&mut self) {
        // The slot that is asked for has been taken off `remaining` already.
        let soon = PREFETCH_AHEAD.min(self.remaining + 1);
        if self.reverse {
            let (slots, at) = self.tree.leaf_at(self.next_rank - 1);
            self.leaf = &slots[..=at];
            self.next_rank -= self.leaf.len();
            self.leaf.iter().rev().take(soon).for_each(|slot| slot.member.prefetch());
        } else {
            let (slots, at) = self.tree.leaf_at(self.next_rank);
            self.leaf = &slots[at..];
            self.next_rank += self.leaf.len();
            self.leaf.iter().take(soon).for_each(|slot| slot.member.prefetch());
        }
    }
}
