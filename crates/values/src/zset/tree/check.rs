//! The invariants of the tree, for the tests.

use super::items::Item;
use super::node::{Child, Edges, Node};
use super::{Slot, Tree};

impl Tree {
    /// Panics where an invariant does not hold: order, fill, equal depth, counts, first slots, bytes of memory.
    pub(in crate::zset) fn check(&self) {
        let mut slots = Vec::new();
        let mut heap_bytes = 0;
        check_node(&self.root, Edges::BOTH, &mut slots, &mut heap_bytes);
        assert_eq!(slots.len(), self.len, "length");
        assert_eq!(heap_bytes, self.heap_bytes, "bytes of memory");
        for pair in slots.windows(2) {
            let [before, after] = [&pair[0], &pair[1]].map(|slot| (slot.score, slot.member.bytes()));
            assert!(before < after, "order");
        }
        if let Node::Inner(children) = &self.root {
            assert!(children.len() > 1, "a root with one child");
        }
    }

    /// The share of the leaves' capacity for slots that is in use.
    pub(in crate::zset) fn leaf_fill(&self) -> f64 {
        fn leaves(node: &Node) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Inner(children) => children.iter().map(|child| leaves(&child.node)).sum(),
            }
        }
        self.len as f64 / (leaves(&self.root) * Slot::MAX) as f64
    }
}

/// Checks `node`, collects its slots and returns its height.
fn check_node(node: &Node, edges: Edges, slots: &mut Vec<Slot>, heap_bytes: &mut usize) -> usize {
    let at_edge = edges.first || edges.last;
    match node {
        Node::Leaf(own) => {
            assert!(own.len() <= Slot::MAX && (at_edge || own.len() >= Slot::MIN), "leaf of {}", own.len());
            slots.extend_from_slice(own);
            *heap_bytes += own.heap_bytes();
            0
        }
        Node::Inner(children) => {
            let len = children.len();
            assert!(len <= Child::MAX && (at_edge || len >= Child::MIN), "inner node of {len}");
            *heap_bytes += children.heap_bytes();
            let heights: Vec<usize> = children
                .iter()
                .enumerate()
                .map(|(index, child)| {
                    let start = slots.len();
                    let edges =
                        Edges { first: edges.first && index == 0, last: edges.last && index + 1 == len };
                    let height = check_node(&child.node, edges, slots, heap_bytes);
                    assert_eq!(slots.len() - start, child.count, "count");
                    assert!(child.count > 0, "an empty node");
                    let first = slots[start];
                    let same_member = std::ptr::eq(first.member.bytes(), child.first.member.bytes());
                    assert!(same_member && first.score == child.first.score, "first slot");
                    height
                })
                .collect();
            assert!(heights.windows(2).all(|pair| pair[0] == pair[1]), "depth");
            heights[0] + 1
        }
    }
}
