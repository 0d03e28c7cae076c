//! The nodes of the tree and the two changes to them: insertion, which splits nodes, and removal, which merges
//! them. Both descend from the root and repair on the way back what each node knows of its children.

use std::ops::Range;

use super::Slot;
use super::items::{Item, Items, leading};

/// A node: a leaf's slots or an inner node's children.
pub(super) enum Node {
    Leaf(Items<Slot>),
    Inner(Items<Child>),
}

/// A node as its parent knows it.
pub(super) struct Child {
    /// The first slot below it.
    pub(super) first: Slot,
    /// The number of slots below it.
    pub(super) count: usize,
    pub(super) node: Node,
}

/// Whether a node is the first or the last one of its level.
#[derive(Clone, Copy)]
pub(super) struct Edges {
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Edges {
    /// Those of the root.
    pub(super) const BOTH: Edges = Edges { first: true, last: true };

    fn of_child(self, index: usize, len: usize) -> Edges {
        Edges { first: self.first && index == 0, last: self.last && index + 1 == len }
    }

    fn any(self) -> bool {
        self.first || self.last
    }
}

impl Child {
    /// `node`, which must not be empty, as a child.
    pub(super) fn of(node: Node) -> Child {
        Child { first: node.first(), count: node.count(), node }
    }
}

impl Node {
    /// The number of its slots or children.
    pub(super) fn len(&self) -> usize {
        match self {
            Node::Leaf(slots) => slots.len(),
            Node::Inner(children) => children.len(),
        }
    }

    fn first(&self) -> Slot {
        match self {
            Node::Leaf(slots) => slots[0].first(),
            Node::Inner(children) => children[0].first(),
        }
    }

    fn count(&self) -> usize {
        match self {
            Node::Leaf(slots) => slots.len(),
            Node::Inner(children) => children.iter().map(Item::count).sum(),
        }
    }

    /// Inserts `slot`. A full node is split: the result is then the new node to its right.
    ///
    /// Where slots arrive in order, at either end of the tree, the full node stays full and the new one starts
    /// with what was inserted: a set that is loaded in the order of its scores has full leaves.
    pub(super) fn insert(&mut self, slot: Slot, edges: Edges, heap_bytes: &mut usize) -> Option<Node> {
        match self {
            Node::Leaf(slots) => {
                let bytes = slot.member.bytes();
                let at = leading(slots, slot.score, |other| other < bytes);
                insert_slot(slots, at, slot, edges, heap_bytes).map(Node::Leaf)
            }
            Node::Inner(children) => {
                let bytes = slot.member.bytes();
                let before = leading(children, slot.score, |other| other < bytes);
                let index = before.saturating_sub(1);
                let len = children.len();
                let child = &mut children[index];
                if before == 0 {
                    child.first = slot;
                }
                child.count += 1;
                let right = child.node.insert(slot, edges.of_child(index, len), heap_bytes)?;
                let right = Child::of(right);
                child.count -= right.count;
                insert_child(children, index + 1, right, edges, heap_bytes).map(Node::Inner)
            }
        }
    }

    /// Removes the slots at `cut` in the leaf that `path`, the indexes of children, leads to. Says whether the
    /// node has another first slot now. It may be left empty, and shorter than a node should be.
    pub(super) fn remove(
        &mut self,
        path: &[u8],
        cut: Range<usize>,
        edges: Edges,
        heap_bytes: &mut usize,
    ) -> bool {
        match self {
            Node::Leaf(slots) => {
                let first_changes = cut.start == 0;
                slots.remove(cut, heap_bytes);
                first_changes
            }
            Node::Inner(children) => {
                let (index, path) = path.split_first().expect("a path reaches down to a leaf");
                let index = usize::from(*index);
                let edges = edges.of_child(index, children.len());
                let child = &mut children[index];
                let len_before = child.node.len();
                child.count -= cut.len();
                let first_changes = child.node.remove(path, cut, edges, heap_bytes);
                if child.count == 0 {
                    children.remove(index..index + 1, heap_bytes);
                } else {
                    if first_changes {
                        child.first = child.node.first();
                    }
                    if child.node.len() < len_before && child.node.is_short(edges) {
                        balance(children, index, heap_bytes);
                    }
                }
                first_changes && index == 0
            }
        }
    }

    /// Whether a removal should have filled it up from a neighbour. A leaf at an edge of the tree may run empty,
    /// so that popping from an end moves nothing about.
    fn is_short(&self, edges: Edges) -> bool {
        match self {
            Node::Leaf(slots) => slots.len() < Slot::MIN && !edges.any(),
            Node::Inner(children) => children.len() < Child::MIN,
        }
    }
}

fn insert_slot(
    slots: &mut Items<Slot>,
    at: usize,
    slot: Slot,
    edges: Edges,
    heap_bytes: &mut usize,
) -> Option<Items<Slot>> {
    if !slots.is_full() {
        slots.insert(at, slot, heap_bytes);
        return None;
    }
    let keep = match at {
        0 if edges.first => 0,
        Slot::MAX if edges.last => Slot::MAX,
        _ => Slot::MAX / 2,
    };
    let mut right = slots.split_off(keep, heap_bytes);
    if at < keep || keep == 0 {
        slots.insert(at, slot, heap_bytes);
    } else {
        right.insert(at - keep, slot, heap_bytes);
    }
    Some(right)
}

fn insert_child(
    children: &mut Items<Child>,
    at: usize,
    child: Child,
    edges: Edges,
    heap_bytes: &mut usize,
) -> Option<Items<Child>> {
    if !children.is_full() {
        children.insert(at, child, heap_bytes);
        return None;
    }
    // A split in front of everything left its new node at index 0, and hands its full one over to index 1.
    let keep = match at {
        1 if edges.first => 1,
        Child::MAX if edges.last => Child::MAX,
        _ => Child::MAX.div_ceil(2),
    };
    let mut right = children.split_off(keep, heap_bytes);
    if at < keep {
        children.insert(at, child, heap_bytes);
    } else {
        right.insert(at - keep, child, heap_bytes);
    }
    Some(right)
}

/// Merges the child at `index` with a neighbour, or fills it up from there.
fn balance(children: &mut Items<Child>, index: usize, heap_bytes: &mut usize) {
    let index = if index + 1 < children.len() { index } else { index.saturating_sub(1) };
    let [left, right, ..] = &mut children[index..] else { return };
    let merged = match (&mut left.node, &mut right.node) {
        (Node::Leaf(left), Node::Leaf(right)) => left.balance(right, heap_bytes),
        (Node::Inner(left), Node::Inner(right)) => left.balance(right, heap_bytes),
        _ => unreachable!("all leaves are at the same depth"),
    };
    let total = left.count + right.count;
    left.count = left.node.count();
    if merged {
        children.remove(index + 1..index + 2, heap_bytes);
    } else {
        right.count = total - left.count;
        right.first = right.node.first();
    }
}
