//! Consumer groups: who reads a stream together, what was delivered to whom, and what of it is not acknowledged yet.
//!
//! Groups and consumers go by numbers here, which their names are looked up for once. A number is never given twice
//! within a stream, or within a group. What an operation does with them is the commands' matter; both forms of a
//! stream keep them, in memory ([`MemoryGroups`]) or among the stored records, behind [`Groups`].

use std::collections::{BTreeMap, BTreeSet};

use super::StreamId;

/// A group's number within its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupNumber(pub(crate) u32);

/// A consumer's number within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsumerNumber(pub(crate) u32);

/// How far a group is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last entry that was delivered.
    pub last_id: StreamId,
    /// How many entries of the stream, from the first ever, were delivered or passed over; `None` is not known.
    pub entries_read: Option<u64>,
}

/// What there is to know of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// How far it is.
    pub progress: Progress,
    /// Entries that were delivered and not acknowledged.
    pub pending: usize,
    /// How many consumers it has.
    pub consumers: usize,
}

/// What there is to know of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// When it last asked for anything, in Unix milliseconds.
    pub seen_ms: u64,
    /// When it last got anything.
    pub active_ms: Option<u64>,
    /// Entries that were delivered to it and not acknowledged.
    pub pending: usize,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// To whom.
    pub consumer: ConsumerNumber,
    /// When, in Unix milliseconds.
    pub delivered_ms: u64,
    /// How often.
    pub deliveries: u64,
}

/// The consumer groups of a stream. Numbers must be those of groups and consumers that are there.
pub trait Groups {
    /// How many groups there are.
    fn count(&self) -> usize;

    /// The group called `name`.
    fn find(&self, name: &[u8]) -> Option<GroupNumber>;

    /// What there is to know of it.
    fn group(&self, group: GroupNumber) -> Group;

    /// Visits the groups in the order of their names.
    fn visit(&self, visit: &mut dyn FnMut(&[u8], GroupNumber));

    /// The consumer called `name`.
    fn find_consumer(&self, group: GroupNumber, name: &[u8]) -> Option<ConsumerNumber>;

    /// Its name and what there is to know of it.
    fn consumer(&self, group: GroupNumber, consumer: ConsumerNumber) -> (&[u8], Consumer);

    /// Visits the consumers in the order of their names.
    fn visit_consumers(&self, group: GroupNumber, visit: &mut dyn FnMut(&[u8], ConsumerNumber, Consumer));

    /// What is pending of the entry called `id`.
    fn pending(&self, group: GroupNumber, id: StreamId) -> Option<Pending>;

    /// Visits what is pending, of one consumer or of all, from `from` on until `visit` says false.
    fn visit_pending(
        &self,
        group: GroupNumber,
        consumer: Option<ConsumerNumber>,
        from: StreamId,
        visit: &mut dyn FnMut(StreamId, Pending) -> bool,
    );

    /// The last entry that is pending.
    fn last_pending(&self, group: GroupNumber) -> Option<StreamId>;

    /// Makes a group, whose name must be free.
    fn create(&mut self, name: &[u8], progress: Progress) -> GroupNumber;

    /// Removes a group with all that it has.
    fn remove(&mut self, name: &[u8], group: GroupNumber);

    /// Says how far a group is.
    fn set_progress(&mut self, group: GroupNumber, progress: Progress);

    /// Makes a consumer, whose name must be free, and that was seen now.
    fn create_consumer(&mut self, group: GroupNumber, name: &[u8], now_ms: u64) -> ConsumerNumber;

    /// Removes a consumer with what is pending of it.
    fn remove_consumer(&mut self, group: GroupNumber, consumer: ConsumerNumber);

    /// Says when a consumer was last seen, and active where that is so.
    fn note_seen(
        &mut self,
        group: GroupNumber,
        consumer: ConsumerNumber,
        seen_ms: u64,
        active_ms: Option<u64>,
    );

    /// Says what is pending of the entry called `id`, whatever was before.
    fn set_pending(&mut self, group: GroupNumber, id: StreamId, pending: Pending);

    /// Nothing is pending any more of the entry called `id`; says whether something was.
    fn remove_pending(&mut self, group: GroupNumber, id: StreamId) -> bool;
}

/// Consumer groups in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryGroups {
    names: BTreeMap<Box<[u8]>, u32>,
    groups: BTreeMap<u32, MemoryGroup>,
    next: u32,
}

#[derive(Clone)]
struct MemoryGroup {
    progress: Progress,
    pending: BTreeMap<StreamId, Pending>,
    names: BTreeMap<Box<[u8]>, u32>,
    consumers: BTreeMap<u32, MemoryConsumer>,
    next: u32,
}

#[derive(Clone)]
struct MemoryConsumer {
    name: Box<[u8]>,
    seen_ms: u64,
    active_ms: Option<u64>,
    pending: BTreeSet<StreamId>,
}

impl MemoryConsumer {
    fn describe(&self) -> Consumer {
        Consumer { seen_ms: self.seen_ms, active_ms: self.active_ms, pending: self.pending.len() }
    }
}

const THERE: &str = "numbers are those of what is there";

impl MemoryGroups {
    fn of(&self, group: GroupNumber) -> &MemoryGroup {
        self.groups.get(&group.0).expect(THERE)
    }

    fn of_mut(&mut self, group: GroupNumber) -> &mut MemoryGroup {
        self.groups.get_mut(&group.0).expect(THERE)
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        /// What a tree takes for an element beside the element, when its nodes are three quarters full.
        const NODE_BYTES: usize = 8;
        let name_bytes = |name: &[u8]| size_of::<Box<[u8]>>() + size_of::<u32>() + NODE_BYTES + name.len();
        let pending_bytes = size_of::<(StreamId, Pending)>() + size_of::<StreamId>() + 2 * NODE_BYTES;
        let groups = self.groups.values().map(|group| {
            let consumers = group
                .names
                .keys()
                .map(|name| name_bytes(name) + name.len() + size_of::<(u32, MemoryConsumer)>() + NODE_BYTES);
            consumers.sum::<usize>() + group.pending.len() * pending_bytes + size_of::<(u32, MemoryGroup)>()
        });
        groups.sum::<usize>() + self.names.keys().map(|name| name_bytes(name)).sum::<usize>()
    }

    /// How many allocations dropping them frees, about.
    pub fn free_effort(&self) -> usize {
        self.groups.values().map(|group| 2 + group.consumers.len() + group.pending.len() / 4).sum()
    }
}

impl Groups for MemoryGroups {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn find(&self, name: &[u8]) -> Option<GroupNumber> {
        self.names.get(name).copied().map(GroupNumber)
    }

    fn group(&self, group: GroupNumber) -> Group {
        let group = self.of(group);
        Group { progress: group.progress, pending: group.pending.len(), consumers: group.consumers.len() }
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], GroupNumber)) {
        self.names.iter().for_each(|(name, number)| visit(name, GroupNumber(*number)));
    }

    fn find_consumer(&self, group: GroupNumber, name: &[u8]) -> Option<ConsumerNumber> {
        self.of(group).names.get(name).copied().map(ConsumerNumber)
    }

    fn consumer(&self, group: GroupNumber, consumer: ConsumerNumber) -> (&[u8], Consumer) {
        let consumer = self.of(group).consumers.get(&consumer.0).expect(THERE);
        (&consumer.name, consumer.describe())
    }

    fn visit_consumers(&self, group: GroupNumber, visit: &mut dyn FnMut(&[u8], ConsumerNumber, Consumer)) {
        let group = self.of(group);
        for (name, number) in &group.names {
            visit(name, ConsumerNumber(*number), group.consumers.get(number).expect(THERE).describe());
        }
    }

    fn pending(&self, group: GroupNumber, id: StreamId) -> Option<Pending> {
        self.of(group).pending.get(&id).copied()
    }

    fn visit_pending(
        &self,
        group: GroupNumber,
        consumer: Option<ConsumerNumber>,
        from: StreamId,
        visit: &mut dyn FnMut(StreamId, Pending) -> bool,
    ) {
        let group = self.of(group);
        match consumer {
            None => {
                let _ = group.pending.range(from..).all(|(id, pending)| visit(*id, *pending));
            }
            Some(consumer) => {
                let ids = &group.consumers.get(&consumer.0).expect(THERE).pending;
                let _ = ids.range(from..).all(|id| visit(*id, *group.pending.get(id).expect(THERE)));
            }
        }
    }

    fn last_pending(&self, group: GroupNumber) -> Option<StreamId> {
        self.of(group).pending.last_key_value().map(|(id, _)| *id)
    }

    fn create(&mut self, name: &[u8], progress: Progress) -> GroupNumber {
        let number = self.next;
        self.next += 1;
        self.names.insert(name.into(), number);
        let (pending, names, consumers) = Default::default();
        self.groups.insert(number, MemoryGroup { progress, pending, names, consumers, next: 0 });
        GroupNumber(number)
    }

    fn remove(&mut self, name: &[u8], group: GroupNumber) {
        self.names.remove(name);
        self.groups.remove(&group.0);
    }

    fn set_progress(&mut self, group: GroupNumber, progress: Progress) {
        self.of_mut(group).progress = progress;
    }

    fn create_consumer(&mut self, group: GroupNumber, name: &[u8], now_ms: u64) -> ConsumerNumber {
        let group = self.of_mut(group);
        let number = group.next;
        group.next += 1;
        group.names.insert(name.into(), number);
        let consumer =
            MemoryConsumer { name: name.into(), seen_ms: now_ms, active_ms: None, pending: BTreeSet::new() };
        group.consumers.insert(number, consumer);
        ConsumerNumber(number)
    }

    fn remove_consumer(&mut self, group: GroupNumber, consumer: ConsumerNumber) {
        let group = self.of_mut(group);
        let consumer = group.consumers.remove(&consumer.0).expect(THERE);
        group.names.remove(&consumer.name);
        for id in &consumer.pending {
            group.pending.remove(id);
        }
    }

    fn note_seen(
        &mut self,
        group: GroupNumber,
        consumer: ConsumerNumber,
        seen_ms: u64,
        active_ms: Option<u64>,
    ) {
        let consumer = self.of_mut(group).consumers.get_mut(&consumer.0).expect(THERE);
        consumer.seen_ms = seen_ms;
        consumer.active_ms = active_ms.or(consumer.active_ms);
    }

    fn set_pending(&mut self, group: GroupNumber, id: StreamId, pending: Pending) {
        let group = self.of_mut(group);
        let before = group.pending.insert(id, pending);
        if before.is_none_or(|before| before.consumer != pending.consumer) {
            if let Some(before) = before {
                group.consumers.get_mut(&before.consumer.0).expect(THERE).pending.remove(&id);
            }
            group.consumers.get_mut(&pending.consumer.0).expect(THERE).pending.insert(id);
        }
    }

    fn remove_pending(&mut self, group: GroupNumber, id: StreamId) -> bool {
        let group = self.of_mut(group);
        let removed = group.pending.remove(&id);
        if let Some(removed) = removed {
            group.consumers.get_mut(&removed.consumer.0).expect(THERE).pending.remove(&id);
        }
        removed.is_some()
    }
}
