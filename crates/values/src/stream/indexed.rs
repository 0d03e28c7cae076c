//! A stream in memory: blocks of entries in their order.

use std::collections::VecDeque;

use super::block::Block;
use super::groups::MemoryGroups;
use super::{Entry, Span, State, StreamId, Trim};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::limits::Limits;

/// Entries, from the first to the last.
#[derive(Clone, Default)]
pub struct IndexedStream {
    blocks: VecDeque<Block>,
    pub(crate) state: State,
    pub(crate) groups: MemoryGroups,
}

impl IndexedStream {
    /// A stream without entries.
    pub fn new() -> IndexedStream {
        IndexedStream::default()
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The place of the only block that can have an entry called `id`, or of the first one, or zero.
    fn place(&self, id: StreamId) -> usize {
        self.blocks.partition_point(|block| block.base() <= id).saturating_sub(1)
    }

    /// Visits the entries of `span` until `visit` says false.
    pub(super) fn visit(&self, span: Span, visit: &mut dyn FnMut(Entry<'_>) -> bool) {
        let Span { first, last, backward } = span;
        if first > last || self.blocks.is_empty() {
            return;
        }
        let blocks = self.blocks.range(self.place(first)..=self.place(last));
        if !backward {
            for entry in blocks.flat_map(Block::entries).skip_while(|entry| entry.id < first) {
                if entry.id > last || !visit(entry) {
                    return;
                }
            }
            return;
        }
        for block in blocks.rev() {
            // A block reads from its front only.
            let entries: Vec<Entry<'_>> = block.entries().take_while(|entry| entry.id <= last).collect();
            for entry in entries.into_iter().rev() {
                if entry.id < first || !visit(entry) {
                    return;
                }
            }
        }
    }

    /// Whether there is an entry called `id`.
    pub(super) fn contains(&self, id: StreamId) -> bool {
        let block = self.blocks.get(self.place(id));
        block.is_some_and(|block| block.entries().any(|entry| entry.id == id))
    }

    /// What the first entry is called.
    pub(super) fn first_id(&self) -> Option<StreamId> {
        self.blocks.front()?.entries().next().map(|entry| entry.id)
    }

    /// What the last entry is called.
    pub(super) fn top_id(&self) -> Option<StreamId> {
        self.blocks.back().map(Block::last)
    }

    /// Adds an entry, whose name must be greater than all before.
    pub(crate) fn append<'p>(
        &mut self,
        id: StreamId,
        pairs: impl Iterator<Item = &'p [u8]> + Clone,
        limits: &Limits,
    ) {
        let added = pairs.clone().map(<[u8]>::len).sum::<usize>();
        match self.blocks.back_mut() {
            Some(block) if has_room(block, added, limits) && block.reaches(id) => block.append(id, pairs),
            last => {
                if let Some(last) = last {
                    last.close();
                }
                self.blocks.push_back(Block::new(id, pairs));
            }
        }
        self.state.note_added(id);
    }

    /// Removes the entry called `id`, and says whether it was there.
    pub(super) fn remove(&mut self, id: StreamId) -> bool {
        let place = self.place(id);
        let Some(block) = self.blocks.get_mut(place) else { return false };
        if !block.remove(id) {
            return false;
        }
        if block.count() == 0 {
            self.blocks.remove(place);
        }
        self.state.len -= 1;
        true
    }

    /// Removes the first entries as `trim` says, and returns how many they were.
    pub(super) fn trim(&mut self, trim: Trim) -> usize {
        let before = self.state.len;
        while let Some(block) = self.blocks.front_mut() {
            let removed = before - self.state.len;
            if trim.is_done(self.state.len) || trim.work_max.is_some_and(|max| removed + block.count() > max)
            {
                break;
            }
            if trim.takes(self.state.len, block.count(), block.last()) {
                self.state.len -= block.count();
                self.blocks.pop_front();
                continue;
            }
            if !trim.is_approximate {
                let len = self.state.len;
                let mut seen = 0;
                self.state.len -= block.remove_first(|id| {
                    seen += 1;
                    trim.takes(len - (seen - 1), 1, id)
                });
            }
            break;
        }
        before - self.state.len
    }

    #[cfg(test)]
    pub(crate) fn check(&self) {
        let mut last = None;
        for block in &self.blocks {
            let ids: Vec<StreamId> = block.entries().map(|entry| entry.id).collect();
            assert!(!ids.is_empty() && ids.len() == block.count());
            assert!(ids.is_sorted() && block.base() <= ids[0] && last.is_none_or(|last| last < ids[0]));
            assert_eq!(block.last(), ids[ids.len() - 1]);
            last = ids.last().copied();
        }
        assert_eq!(self.blocks.iter().map(Block::count).sum::<usize>(), self.state.len);
    }
}

/// Whether a block takes an entry with items of so many bytes. A limit of zero is none.
fn has_room(block: &Block, added_bytes: usize, limits: &Limits) -> bool {
    /// Lengths within a block are 32 bits wide, and to cut an entry out moves what follows.
    const BYTES_MAX: usize = 1 << 30;
    let within = |value: usize, max: usize| max == 0 || value < max;
    let bytes = block.len_bytes() + added_bytes;
    within(block.added(), limits.stream_block_entries_max)
        && within(bytes, limits.stream_block_bytes_max)
        && bytes < BYTES_MAX
}

impl Collection for IndexedStream {
    fn memory_bytes(&self) -> usize {
        let blocks = self.blocks.iter().map(Block::memory_bytes).sum::<usize>();
        let spare = self.blocks.capacity() - self.blocks.len();
        size_of::<IndexedStream>() + blocks + spare * size_of::<Block>() + self.groups.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1 + self.blocks.len() + self.groups.free_effort()
    }

    fn boxed_copy(&self) -> Copied {
        Copied::new(self.clone())
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for IndexedStream {
    const FORM: Form = Form::StreamIndexed;
}
