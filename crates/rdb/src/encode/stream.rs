//! Streams, written: nodes of entries as listpacks, then the groups.
//!
//! ```text
//! nodes, [id of the first entry, listpack]..., entries, last id, (first id, greatest deleted id, entries added),
//! groups, [name, last id, entries read, pending, [id, delivered, deliveries]..., consumers,
//!          [name, seen, (active,) pending, [id]...]...]...
//! ```
//!
//! Within a listpack, the first entry's names of fields stand before all entries, and an entry that has the same ones
//! has its values only; ids are distances from that of the node.

use values::stream::{ConsumerNumber, Entry, GroupNumber, Groups, Span, StreamId, StreamRef};

use super::Encoder;
use crate::Version;
use crate::packed::listpack;
use crate::value_type::ValueType;
use crate::wire::stream::{ENTRIES_READ_UNKNOWN, NEVER, SAME_FIELDS};
use crate::wire::{write_length, write_string};

/// Redis' `stream-node-max-bytes` and `stream-node-max-entries`, by default.
const NODE_BYTES_MAX: usize = 4096;
const NODE_ENTRIES_MAX: usize = 100;

impl Encoder<'_> {
    pub(super) fn stream(&mut self, stream: StreamRef<'_>) {
        let is_latest = self.format.version >= Version::V11;
        self.value_type(if is_latest { ValueType::StreamListpacks3 } else { ValueType::StreamListpacks2 });
        let (mut nodes, mut count) = (Vec::new(), 0);
        let mut node: Option<Node> = None;
        let mut end_node = |node: Node, compress| {
            count += 1;
            write_string(&node.id.to_bytes(), false, &mut nodes);
            write_string(&node.finish(), compress, &mut nodes);
        };
        stream.visit(Span::ALL, &mut |entry| {
            if let Some(full) = node.take_if(|node| node.is_full()) {
                end_node(full, self.format.compress);
            }
            node.get_or_insert_with(|| Node::new(entry)).push(entry);
            true
        });
        if let Some(last) = node {
            end_node(last, self.format.compress);
        }
        self.length(count);
        self.out.extend_from_slice(&nodes);
        let state = stream.state();
        self.length(stream.len());
        self.id(state.last_id);
        self.id(stream.first_id().unwrap_or_default());
        self.id(state.max_deleted_id);
        write_length(state.entries_added, self.out);
        let groups = stream.groups();
        self.length(groups.count());
        groups.visit(&mut |name, number| {
            self.text(name);
            self.group(groups, number);
        });
    }

    fn id(&mut self, id: StreamId) {
        write_length(id.ms, self.out);
        write_length(id.seq, self.out);
    }

    fn group(&mut self, groups: &dyn Groups, number: GroupNumber) {
        let group = groups.group(number);
        self.id(group.progress.last_id);
        write_length(group.progress.entries_read.unwrap_or(ENTRIES_READ_UNKNOWN), self.out);
        self.length(group.pending);
        groups.visit_pending(number, None, StreamId::MIN, &mut |id, pending| {
            self.out.extend(id.to_bytes());
            self.number(pending.delivered_ms);
            write_length(pending.deliveries, self.out);
            true
        });
        self.length(group.consumers);
        groups.visit_consumers(number, &mut |name, consumer, about| {
            self.text(name);
            self.number(about.seen_ms);
            if self.format.version >= Version::V11 {
                self.number(about.active_ms.unwrap_or(NEVER as u64));
            }
            self.length(about.pending);
            self.pending_ids(groups, number, consumer);
        });
    }

    fn pending_ids(&mut self, groups: &dyn Groups, group: GroupNumber, consumer: ConsumerNumber) {
        groups.visit_pending(group, Some(consumer), StreamId::MIN, &mut |id, _| {
            self.out.extend(id.to_bytes());
            true
        });
    }
}

/// Some entries that follow each other.
struct Node {
    id: StreamId,
    names: Vec<Vec<u8>>,
    entries: listpack::Writer,
    count: usize,
}

impl Node {
    /// A node whose first entry is going to be `entry`.
    fn new(entry: Entry<'_>) -> Node {
        let names = entry.fields.map(|(name, _)| name.to_vec()).collect();
        Node { id: entry.id, names, entries: listpack::Writer::new(), count: 0 }
    }

    fn is_full(&self) -> bool {
        self.count >= NODE_ENTRIES_MAX || self.entries.len() >= NODE_BYTES_MAX
    }

    fn push(&mut self, Entry { id, fields }: Entry<'_>) {
        let has_same = fields.len() == self.names.len()
            && self.names.iter().zip(fields).all(|(known, (name, _))| **known == *name);
        self.entries.push_integer(if has_same { SAME_FIELDS } else { 0 });
        self.entries.push_integer(id.ms.wrapping_sub(self.id.ms) as i64);
        self.entries.push_integer(id.seq.wrapping_sub(self.id.seq) as i64);
        let elements = if has_same {
            fields.for_each(|(_, value)| self.entries.push(&value));
            3 + self.names.len()
        } else {
            self.entries.push_integer(fields.len() as i64);
            fields.for_each(|(name, value)| {
                self.entries.push(&name);
                self.entries.push(&value);
            });
            4 + 2 * fields.len()
        };
        self.entries.push_integer(elements as i64);
        self.count += 1;
    }

    fn finish(&self) -> Vec<u8> {
        let mut whole = listpack::Writer::new();
        whole.push_integer(self.count as i64);
        // None is marked as deleted: what was is not written.
        whole.push_integer(0);
        whole.push_integer(self.names.len() as i64);
        self.names.iter().for_each(|name| whole.push(name));
        whole.push_integer(0);
        whole.append(&self.entries);
        whole.finish()
    }
}
