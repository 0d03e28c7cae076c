//! A stream whose entries, and whose groups, lie outside of it.
//!
//! A walk begins where the first record is for certain, not where records of its kind could begin: before it lie those
//! that were removed, which the tree may still have to pass over.

use std::ops::Bound;

use super::{Key, Malformed, Stored, number};
use crate::elements::{self, Elements};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::leb128;
use crate::limits::Limits;
use crate::stream::block::{read_pairs, write_pairs};
use crate::stream::{
    Consumer, ConsumerNumber, Entry, Group, GroupNumber, Groups, IndexedStream, Pending, Progress, Span,
    State, StreamId, Trim, Until,
};

/// Entries that are looked at first, to be removed together; then twice as many, and so on.
const BATCH_MIN: usize = 16;
/// Entries that are looked at together at most.
const BATCH_MAX: usize = 512;
/// Entries that are taken for a block where the limits name no number.
const BLOCK_ENTRIES: usize = 100;

/// Entries and groups, as records.
pub struct StoredStream {
    elements: Box<dyn Elements>,
    known: Known,
}

/// What the meta says.
#[derive(Clone, Copy, Default)]
struct Known {
    state: State,
    /// What the first and the last entry are called, while there are entries.
    first: StreamId,
    top: StreamId,
    groups: usize,
    next_group: u32,
}

/// The key of a record: its kind, the numbers of the group and the consumer that it belongs to, and the rest.
fn key(kind: u8, numbers: &[u32], rest: &[u8]) -> Key {
    let mut key = Key::from_slice(&[kind]);
    numbers.iter().for_each(|number| key.extend_from_slice(&number.to_be_bytes()));
    key.extend_from_slice(rest);
    key
}

fn entry_key(id: StreamId) -> Key {
    key(b'e', &[], &id.to_bytes())
}

/// Where the keys end that begin with `prefix`; `None` where nothing is behind them.
fn end_of(prefix: &[u8]) -> Option<Key> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = Key::from_slice(&prefix[..=last]);
    end[last] += 1;
    Some(end)
}

/// The name of an entry at the end of a key.
fn id_of(key: &[u8]) -> StreamId {
    key.last_chunk().map_or(StreamId::MIN, |bytes| StreamId::from_bytes(*bytes))
}

/// `N` numbers at the front of `bytes`, which are ours; zeros where they are not to be read.
fn numbers<const N: usize>(bytes: &mut &[u8]) -> [u64; N] {
    std::array::from_fn(|_| leb128::read(bytes).unwrap_or_default())
}

fn write_numbers(numbers: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * numbers.len());
    numbers.iter().for_each(|number| leb128::write(*number, &mut bytes));
    bytes
}

/// `None` is zero, and all others are one more.
fn optional(number: u64) -> Option<u64> {
    number.checked_sub(1)
}

fn from_optional(number: Option<u64>) -> u64 {
    number.map_or(0, |number| number.saturating_add(1))
}

/// How many are pending, and where the first of them is for certain not before.
#[derive(Clone, Copy)]
struct Extent {
    count: u64,
    from: StreamId,
}

impl Extent {
    fn add(&mut self, id: StreamId) {
        self.from = if self.count == 0 { id } else { self.from.min(id) };
        self.count += 1;
    }

    fn remove(&mut self, id: StreamId) {
        self.count = self.count.saturating_sub(1);
        if id == self.from {
            self.from = id.next().unwrap_or(StreamId::MAX);
        }
    }
}

/// A group's record.
#[derive(Clone, Copy)]
struct GroupRecord {
    progress: Progress,
    pending: Extent,
    consumers: u64,
    next_consumer: u64,
}

impl GroupRecord {
    fn read(mut bytes: &[u8]) -> GroupRecord {
        let [ms, seq, read, consumers, next_consumer, count, from_ms, from_seq] = numbers(&mut bytes);
        GroupRecord {
            progress: Progress { last_id: StreamId { ms, seq }, entries_read: optional(read) },
            pending: Extent { count, from: StreamId { ms: from_ms, seq: from_seq } },
            consumers,
            next_consumer,
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        let Progress { last_id, entries_read } = self.progress;
        let Extent { count, from } = self.pending;
        let read = from_optional(entries_read);
        write_numbers(&[
            last_id.ms,
            last_id.seq,
            read,
            self.consumers,
            self.next_consumer,
            count,
            from.ms,
            from.seq,
        ])
    }
}

/// A consumer's record, without its name, which is behind.
#[derive(Clone, Copy)]
struct ConsumerRecord {
    seen_ms: u64,
    active_ms: Option<u64>,
    pending: Extent,
}

impl ConsumerRecord {
    /// The record and the name.
    fn read(mut bytes: &[u8]) -> (ConsumerRecord, &[u8]) {
        let [seen_ms, active, count, from_ms, from_seq] = numbers(&mut bytes);
        let pending = Extent { count, from: StreamId { ms: from_ms, seq: from_seq } };
        (ConsumerRecord { seen_ms, active_ms: optional(active), pending }, bytes)
    }

    fn to_bytes(self, name: &[u8]) -> Vec<u8> {
        let Extent { count, from } = self.pending;
        let mut bytes =
            write_numbers(&[self.seen_ms, from_optional(self.active_ms), count, from.ms, from.seq]);
        bytes.extend_from_slice(name);
        bytes
    }

    fn describe(self) -> Consumer {
        Consumer { seen_ms: self.seen_ms, active_ms: self.active_ms, pending: self.pending.count as usize }
    }
}

fn read_pending(mut bytes: &[u8]) -> Pending {
    let [consumer, delivered_ms, deliveries] = numbers(&mut bytes);
    Pending { consumer: ConsumerNumber(consumer as u32), delivered_ms, deliveries }
}

impl StoredStream {
    /// A stream without entries, whose records will lie in `elements`.
    pub fn new(elements: Box<dyn Elements>) -> StoredStream {
        StoredStream { elements, known: Known::default() }
    }

    /// The stream that `stream` is, with its records in `elements`, which holds none yet.
    pub(super) fn spill(stream: super::StreamRef<'_>, elements: Box<dyn Elements>) -> StoredStream {
        let mut stored = StoredStream::new(elements);
        stream.visit(Span::ALL, &mut |entry| {
            let items: Vec<_> = entry.fields.flat_map(|(name, value)| [name, value]).collect();
            stored.append(entry.id, items.iter().map(AsRef::as_ref));
            true
        });
        stored.set_state(stream.state());
        copy_groups(stream.groups(), &mut stored);
        stored
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredStream, Malformed> {
        let [
            len,
            last_ms,
            last_seq,
            deleted_ms,
            deleted_seq,
            entries_added,
            first_ms,
            first_seq,
            top_ms,
            top_seq,
            groups,
            next,
        ] = number::read_meta(meta)?;
        let id = |ms, seq| StreamId { ms, seq };
        let state = State {
            len: number::count(len)?,
            last_id: id(last_ms, last_seq),
            max_deleted_id: id(deleted_ms, deleted_seq),
            entries_added,
        };
        let next_group = u32::try_from(next).map_err(|_| Malformed("its groups have too high numbers"))?;
        let (first, top) = (id(first_ms, first_seq), id(top_ms, top_seq));
        Ok(StoredStream {
            elements,
            known: Known { state, first, top, groups: number::count(groups)?, next_group },
        })
    }

    /// The same stream by other `elements`, which are the same as well.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredStream {
        StoredStream { elements, known: self.known }
    }

    pub(crate) fn state(&self) -> State {
        self.known.state
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.known.state = State { len: self.known.state.len, ..state };
    }

    fn has_entries(&self) -> bool {
        self.known.state.len > 0
    }

    pub(crate) fn first_id(&self) -> Option<StreamId> {
        self.has_entries().then_some(self.known.first)
    }

    pub(crate) fn top_id(&self) -> Option<StreamId> {
        self.has_entries().then_some(self.known.top)
    }

    pub(crate) fn contains(&self, id: StreamId) -> bool {
        self.has_entries() && self.elements.contains(&entry_key(id))
    }

    pub(crate) fn visit(&self, span: Span, visit: &mut dyn FnMut(Entry<'_>) -> bool) {
        let (first, last) = (span.first.max(self.known.first), span.last.min(self.known.top));
        if first > last || !self.has_entries() {
            return;
        }
        let mut give = |id, value: &[u8]| read_pairs(value).is_none_or(|fields| visit(Entry { id, fields }));
        if first == last {
            if let Some(value) = self.elements.get(&entry_key(first)) {
                give(first, value);
            }
            return;
        }
        let (first, last) = (entry_key(first), entry_key(last));
        let (lower, upper) = (Bound::Included(&first[..]), Bound::Included(&last[..]));
        let span = elements::Span { lower, upper, backward: span.backward };
        self.elements.walk(span, &mut |key, value| give(id_of(key), value));
    }

    /// Adds an entry, whose name must be greater than all before.
    pub(crate) fn append<'p>(&mut self, id: StreamId, pairs: impl Iterator<Item = &'p [u8]> + Clone) {
        let mut value = Vec::new();
        write_pairs(pairs, &mut value);
        self.elements.set(&entry_key(id), &value);
        if !self.has_entries() {
            self.known.first = id;
        }
        self.known.top = id;
        self.known.state.note_added(id);
    }

    /// Removes the entry called `id`, and says whether it was there.
    pub(crate) fn remove(&mut self, id: StreamId) -> bool {
        let was_there = self.contains(id);
        if was_there {
            self.elements.remove(&entry_key(id));
            self.known.state.len -= 1;
            if id == self.known.first {
                self.find_first(id);
            }
            if id == self.known.top {
                self.find_top(id);
            }
        }
        was_there
    }

    /// Finds the first entry, of which nothing is known but that it comes after `id`.
    fn find_first(&mut self, id: StreamId) {
        if id >= self.known.top {
            return;
        }
        let (lower, upper) = (entry_key(id), entry_key(self.known.top));
        let (lower, upper) = (Bound::Excluded(&lower[..]), Bound::Included(&upper[..]));
        let (elements, first) = (&*self.elements, &mut self.known.first);
        elements.walk(elements::Span { lower, upper, backward: false }, &mut |key, _| {
            *first = id_of(key);
            false
        });
    }

    /// Finds the last entry, of which nothing is known but that it comes before `id`.
    fn find_top(&mut self, id: StreamId) {
        if id <= self.known.first {
            return;
        }
        let (lower, upper) = (entry_key(self.known.first), entry_key(id));
        let (lower, upper) = (Bound::Included(&lower[..]), Bound::Excluded(&upper[..]));
        let (elements, top) = (&*self.elements, &mut self.known.top);
        elements.walk(elements::Span { lower, upper, backward: true }, &mut |key, _| {
            *top = id_of(key);
            false
        });
    }

    /// Removes the first entries as `trim` says, and returns how many they were. What is approximate goes by as many
    /// entries as a block in memory would have.
    pub(crate) fn trim(&mut self, trim: Trim, block_entries_max: usize) -> usize {
        let block = if block_entries_max == 0 { BLOCK_ENTRIES } else { block_entries_max };
        let before = self.known.state.len;
        let (mut last_removed, mut batch) = (None, BATCH_MIN);
        while !trim.is_done(self.known.state.len) {
            let len = self.known.state.len;
            let position = (self.known.state.entries_added as usize).saturating_sub(len);
            let wanted = match trim.until {
                _ if trim.is_approximate => block - position % block,
                Until::Length(max) => batch.min(len - max),
                Until::Id(_) => batch,
            };
            batch = (batch * 2).min(BATCH_MAX);
            let ids = self.first_ids(last_removed, wanted);
            let Some(&last) = ids.last() else { break };
            let taken = if trim.is_approximate {
                let work = before - len + ids.len();
                let is_too_much = trim.work_max.is_some_and(|max| work > max);
                if is_too_much || !trim.takes(len, ids.len(), last) { 0 } else { ids.len() }
            } else {
                let takes = |(place, id): &(usize, &StreamId)| trim.takes(len - place, 1, **id);
                ids.iter().enumerate().take_while(takes).count()
            };
            for id in &ids[..taken] {
                self.elements.remove(&entry_key(*id));
                last_removed = Some(*id);
            }
            self.known.state.len -= taken;
            if taken < ids.len() || taken == 0 {
                break;
            }
        }
        if let Some(last_removed) = last_removed
            && self.has_entries()
        {
            self.find_first(last_removed);
        }
        before - self.known.state.len
    }

    /// What the first entries are called, those behind `removed` where some were removed already.
    fn first_ids(&self, removed: Option<StreamId>, count: usize) -> Vec<StreamId> {
        let mut ids = Vec::with_capacity(count.min(BATCH_MAX));
        let first = match removed {
            None => Some(self.known.first),
            Some(removed) => removed.next(),
        };
        let Some(first) = first.filter(|first| *first <= self.known.top && self.has_entries()) else {
            return ids;
        };
        let (first, top) = (entry_key(first), entry_key(self.known.top));
        let (lower, upper) = (Bound::Included(&first[..]), Bound::Included(&top[..]));
        self.elements.walk(elements::Span { lower, upper, backward: false }, &mut |key, _| {
            ids.push(id_of(key));
            ids.len() < count
        });
        ids
    }

    fn group_record(&self, group: GroupNumber) -> GroupRecord {
        GroupRecord::read(self.elements.get(&key(b'g', &[group.0], b"")).unwrap_or_default())
    }

    fn set_group_record(&mut self, group: GroupNumber, record: GroupRecord) {
        self.elements.set(&key(b'g', &[group.0], b""), &record.to_bytes());
    }

    fn consumer_record(&self, group: GroupNumber, consumer: ConsumerNumber) -> (ConsumerRecord, &[u8]) {
        let record = self.elements.get(&key(b'c', &[group.0, consumer.0], b""));
        ConsumerRecord::read(record.unwrap_or_default())
    }

    /// Lets `change` change the record of a consumer.
    fn change_consumer(
        &mut self,
        group: GroupNumber,
        consumer: ConsumerNumber,
        change: impl FnOnce(&mut ConsumerRecord),
    ) {
        let (mut record, name) = self.consumer_record(group, consumer);
        change(&mut record);
        let bytes = record.to_bytes(name);
        self.elements.set(&key(b'c', &[group.0, consumer.0], b""), &bytes);
    }

    /// The number under `key`.
    fn number_at(&self, key: &[u8]) -> Option<u32> {
        self.elements.get(key)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Visits the records whose keys begin with `prefix`, from `from` behind it on, with what is behind it.
    fn walk_below(
        &self,
        prefix: &[u8],
        from: &[u8],
        backward: bool,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) {
        let lower = [prefix, from].concat();
        let upper = end_of(prefix);
        let upper = upper.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let span = elements::Span { lower: Bound::Included(&lower[..]), upper, backward };
        self.elements.walk(span, &mut |key, value| visit(&key[prefix.len()..], value));
    }

    /// Removes the records whose keys begin with `prefix`, from `from` behind it on.
    fn remove_below(&mut self, prefix: &[u8], from: &[u8]) {
        let mut keys = Vec::new();
        self.walk_below(prefix, from, false, &mut |rest, _| {
            keys.push([prefix, rest].concat());
            true
        });
        keys.iter().for_each(|key| self.elements.remove(key));
    }
}

/// Makes the groups that `from` has in `to`, which has none.
fn copy_groups(from: &dyn Groups, to: &mut dyn Groups) {
    from.visit(&mut |name, number| {
        let group = to.create(name, from.group(number).progress);
        let mut numbers = Vec::new();
        from.visit_consumers(number, &mut |name, old, consumer| {
            let new = to.create_consumer(group, name, consumer.seen_ms);
            to.note_seen(group, new, consumer.seen_ms, consumer.active_ms);
            numbers.push((old, new));
        });
        numbers.sort_unstable();
        from.visit_pending(number, None, StreamId::MIN, &mut |id, pending| {
            if let Ok(at) = numbers.binary_search_by_key(&pending.consumer, |(old, _)| *old) {
                to.set_pending(group, id, Pending { consumer: numbers[at].1, ..pending });
            }
            true
        });
    });
}

impl Groups for StoredStream {
    fn count(&self) -> usize {
        self.known.groups
    }

    fn find(&self, name: &[u8]) -> Option<GroupNumber> {
        self.number_at(&key(b'n', &[], name)).map(GroupNumber)
    }

    fn group(&self, group: GroupNumber) -> Group {
        let record = self.group_record(group);
        Group {
            progress: record.progress,
            pending: record.pending.count as usize,
            consumers: record.consumers as usize,
        }
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], GroupNumber)) {
        self.walk_below(b"n", b"", false, &mut |name, value| {
            if let Some(number) = value.first_chunk() {
                visit(name, GroupNumber(u32::from_be_bytes(*number)));
            }
            true
        });
    }

    fn find_consumer(&self, group: GroupNumber, name: &[u8]) -> Option<ConsumerNumber> {
        self.number_at(&key(b'm', &[group.0], name)).map(ConsumerNumber)
    }

    fn consumer(&self, group: GroupNumber, consumer: ConsumerNumber) -> (&[u8], Consumer) {
        let (record, name) = self.consumer_record(group, consumer);
        (name, record.describe())
    }

    fn visit_consumers(&self, group: GroupNumber, visit: &mut dyn FnMut(&[u8], ConsumerNumber, Consumer)) {
        self.walk_below(&key(b'm', &[group.0], b""), b"", false, &mut |name, value| {
            if let Some(number) = value.first_chunk() {
                let number = ConsumerNumber(u32::from_be_bytes(*number));
                visit(name, number, self.consumer_record(group, number).0.describe());
            }
            true
        });
    }

    fn pending(&self, group: GroupNumber, id: StreamId) -> Option<Pending> {
        self.elements.get(&key(b'p', &[group.0], &id.to_bytes())).map(read_pending)
    }

    fn visit_pending(
        &self,
        group: GroupNumber,
        consumer: Option<ConsumerNumber>,
        from: StreamId,
        visit: &mut dyn FnMut(StreamId, Pending) -> bool,
    ) {
        match consumer {
            None => {
                let from = from.max(self.group_record(group).pending.from);
                self.walk_below(&key(b'p', &[group.0], b""), &from.to_bytes(), false, &mut |id, pending| {
                    visit(id_of(id), read_pending(pending))
                });
            }
            Some(consumer) => {
                let from = from.max(self.consumer_record(group, consumer).0.pending.from);
                let prefix = key(b'q', &[group.0, consumer.0], b"");
                self.walk_below(&prefix, &from.to_bytes(), false, &mut |id, _| {
                    let id = id_of(id);
                    self.pending(group, id).is_none_or(|pending| visit(id, pending))
                });
            }
        }
    }

    fn last_pending(&self, group: GroupNumber) -> Option<StreamId> {
        let mut last = None;
        let from = self.group_record(group).pending.from;
        self.walk_below(&key(b'p', &[group.0], b""), &from.to_bytes(), true, &mut |id, _| {
            last = Some(id_of(id));
            false
        });
        last
    }

    fn create(&mut self, name: &[u8], progress: Progress) -> GroupNumber {
        let group = GroupNumber(self.known.next_group);
        self.known.next_group += 1;
        self.known.groups += 1;
        self.elements.set(&key(b'n', &[], name), &group.0.to_be_bytes());
        let pending = Extent { count: 0, from: StreamId::MIN };
        self.set_group_record(group, GroupRecord { progress, pending, consumers: 0, next_consumer: 0 });
        group
    }

    fn remove(&mut self, name: &[u8], group: GroupNumber) {
        let from = self.group_record(group).pending.from.to_bytes();
        self.remove_below(&key(b'p', &[group.0], b""), &from);
        for kind in [b'm', b'c', b'q'] {
            self.remove_below(&key(kind, &[group.0], b""), b"");
        }
        self.elements.remove(&key(b'g', &[group.0], b""));
        self.elements.remove(&key(b'n', &[], name));
        self.known.groups = self.known.groups.saturating_sub(1);
    }

    fn set_progress(&mut self, group: GroupNumber, progress: Progress) {
        let record = self.group_record(group);
        self.set_group_record(group, GroupRecord { progress, ..record });
    }

    fn create_consumer(&mut self, group: GroupNumber, name: &[u8], now_ms: u64) -> ConsumerNumber {
        let mut record = self.group_record(group);
        let consumer = ConsumerNumber(record.next_consumer as u32);
        record.next_consumer += 1;
        record.consumers += 1;
        self.set_group_record(group, record);
        self.elements.set(&key(b'm', &[group.0], name), &consumer.0.to_be_bytes());
        let pending = Extent { count: 0, from: StreamId::MIN };
        let record = ConsumerRecord { seen_ms: now_ms, active_ms: None, pending };
        self.elements.set(&key(b'c', &[group.0, consumer.0], b""), &record.to_bytes(name));
        consumer
    }

    fn remove_consumer(&mut self, group: GroupNumber, consumer: ConsumerNumber) {
        let mut ids = Vec::new();
        self.visit_pending(group, Some(consumer), StreamId::MIN, &mut |id, _| {
            ids.push(id);
            true
        });
        for id in ids {
            self.remove_pending(group, id);
        }
        let name = self.consumer_record(group, consumer).1.to_vec();
        self.elements.remove(&key(b'm', &[group.0], &name));
        self.elements.remove(&key(b'c', &[group.0, consumer.0], b""));
        let mut record = self.group_record(group);
        record.consumers = record.consumers.saturating_sub(1);
        self.set_group_record(group, record);
    }

    fn note_seen(
        &mut self,
        group: GroupNumber,
        consumer: ConsumerNumber,
        seen_ms: u64,
        active_ms: Option<u64>,
    ) {
        self.change_consumer(group, consumer, |record| {
            record.seen_ms = seen_ms;
            record.active_ms = active_ms.or(record.active_ms);
        });
    }

    fn set_pending(&mut self, group: GroupNumber, id: StreamId, pending: Pending) {
        let before = self.pending(group, id);
        let value = write_numbers(&[u64::from(pending.consumer.0), pending.delivered_ms, pending.deliveries]);
        self.elements.set(&key(b'p', &[group.0], &id.to_bytes()), &value);
        if before.is_some_and(|before| before.consumer == pending.consumer) {
            return;
        }
        match before {
            Some(Pending { consumer, .. }) => {
                self.elements.remove(&key(b'q', &[group.0, consumer.0], &id.to_bytes()));
                self.change_consumer(group, consumer, |record| record.pending.remove(id));
            }
            None => {
                let mut record = self.group_record(group);
                record.pending.add(id);
                self.set_group_record(group, record);
            }
        }
        self.elements.set(&key(b'q', &[group.0, pending.consumer.0], &id.to_bytes()), b"");
        self.change_consumer(group, pending.consumer, |record| record.pending.add(id));
    }

    fn remove_pending(&mut self, group: GroupNumber, id: StreamId) -> bool {
        let Some(Pending { consumer, .. }) = self.pending(group, id) else { return false };
        self.elements.remove(&key(b'p', &[group.0], &id.to_bytes()));
        self.elements.remove(&key(b'q', &[group.0, consumer.0], &id.to_bytes()));
        self.change_consumer(group, consumer, |record| record.pending.remove(id));
        let mut record = self.group_record(group);
        record.pending.remove(id);
        self.set_group_record(group, record);
        true
    }
}

impl Stored for StoredStream {
    fn elements(&self) -> &dyn Elements {
        &*self.elements
    }

    fn elements_mut(&mut self) -> &mut dyn Elements {
        &mut *self.elements
    }

    fn write_meta(&self, out: &mut Vec<u8>) {
        let Known { state, first, top, groups, next_group } = self.known;
        let State { len, last_id, max_deleted_id, entries_added } = state;
        let ids = [last_id, max_deleted_id].map(|id| [id.ms, id.seq]);
        let [[last_ms, last_seq], [deleted_ms, deleted_seq]] = ids;
        number::write_meta(
            &[
                len as u64,
                last_ms,
                last_seq,
                deleted_ms,
                deleted_seq,
                entries_added,
                first.ms,
                first.seq,
                top.ms,
                top.seq,
                groups as u64,
                u64::from(next_group),
            ],
            out,
        );
    }

    fn len(&self) -> usize {
        self.known.state.len
    }
}

impl Collection for StoredStream {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredStream>() + self.elements.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedStream::new();
        self.visit(Span::ALL, &mut |entry| {
            let items: Vec<_> = entry.fields.flat_map(|(name, value)| [name, value]).collect();
            copy.append(entry.id, items.iter().map(AsRef::as_ref), &Limits::default());
            true
        });
        copy.state = self.known.state;
        copy_groups(self, &mut copy.groups);
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredStream {
    const FORM: Form = Form::StreamStored;
}
