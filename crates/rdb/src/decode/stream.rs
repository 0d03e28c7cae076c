//! Streams, in the three forms that there have been.

use std::collections::BTreeMap;

use values::entry::Entry;
use values::stream::{self, GroupNumber, Pending, Progress, State, StreamId, StreamMut, StreamRef};

use super::Decoder;
use crate::damage::Damage;
use crate::input::Text;
use crate::packed::listpack::Listpack;
use crate::packed::{Item, Wrong};
use crate::wire::stream::{ENTRIES_READ_UNKNOWN, IS_DELETED, NEVER, SAME_FIELDS};

/// An entry is counted in 32 bits, and a node holds at least one.
const NODE_BYTES_MAX: usize = 1 << 30;

/// A node's entries share the names of their fields, as far as they are the same; here that holds for fewer at a time. So
/// names may take so many times the bytes of the whole value, which no stream comes near that was not made for it.
const REPEATED_MAX: usize = 128;

/// An entry that is pending, and of whom once that was read.
struct Nack {
    delivered_ms: u64,
    deliveries: u64,
    is_owned: bool,
}

impl Decoder<'_, '_> {
    /// A stream in its first, second or third form.
    pub(super) fn stream(&mut self, form: u8) -> Result<Entry, Damage> {
        let mut entry = stream::empty(self.key);
        for _ in 0..self.input.count(2)? {
            self.node(&mut entry)?;
        }
        let at = self.input.at();
        if self.input.length()? != StreamRef::of(entry.as_ref()).len() as u64 {
            return Err(Damage::new(at, "a stream with another number of entries than it says".into()));
        }
        let mut state = StreamRef::of(entry.as_ref()).state();
        let top_id = state.last_id;
        let at = self.input.at();
        state.last_id = self.id()?;
        if state.last_id < top_id {
            return Err(Damage::new(at, "a stream with entries behind its last one".into()));
        }
        if form >= 2 {
            self.id()?;
            state.max_deleted_id = self.id()?;
            state.entries_added = self.input.length()?;
        } else {
            state.entries_added = StreamRef::of(entry.as_ref()).len() as u64;
        }
        StreamMut::of(&mut entry, self.limits).set_state(state);
        for _ in 0..self.input.count(1)? {
            self.group(&mut entry, form)?;
        }
        Ok(entry)
    }

    fn id(&mut self) -> Result<StreamId, Damage> {
        Ok(StreamId { ms: self.input.length()?, seq: self.input.length()? })
    }

    /// An id as the bytes that sort as it does.
    fn raw_id(&mut self) -> Result<StreamId, Damage> {
        Ok(StreamId::from_bytes(self.input.array()?))
    }

    /// A time in milliseconds: what is before 1970 has passed as well as 1970 has.
    fn time(&mut self) -> Result<u64, Damage> {
        Ok(u64::try_from(self.input.milliseconds()?).unwrap_or(0))
    }

    /// Some entries that follow each other: a listpack, and the id that those in it are distances from.
    fn node(&mut self, entry: &mut Entry) -> Result<(), Damage> {
        let id = self.input.string()?;
        let bytes = <[u8; StreamId::BYTES]>::try_from(&*id.bytes);
        let base = StreamId::from_bytes(bytes.map_err(|_| id.damage(0, "a node's id of another length"))?);
        let text = self.input.string()?;
        if text.bytes.len() > NODE_BYTES_MAX {
            return Err(text.damage(0, "a stream's node of more than 1 GiB"));
        }
        let mut node = Node::open(&text)?;
        let head = node.head()?;
        let repeated = head.names.iter().map(Vec::len).sum::<usize>().saturating_mul(head.live);
        self.repeated = self.repeated.saturating_add(repeated);
        if self.repeated > self.input.len().saturating_mul(REPEATED_MAX) {
            return Err(text.damage(0, "fields that are repeated too often"));
        }
        node.entries(base, head, |id, pairs| {
            if id <= StreamRef::of(entry.as_ref()).state().last_id {
                return Err("a stream that is not in order");
            }
            StreamMut::of(entry, self.limits).append(id, pairs.iter().map(Vec::as_slice));
            Ok(())
        })
    }

    fn group(&mut self, entry: &mut Entry, form: u8) -> Result<(), Damage> {
        let at = self.input.at();
        let name = self.input.string()?;
        let last_id = self.id()?;
        let entries_read = match form {
            1 => position(StreamRef::of(entry.as_ref()), last_id),
            _ => Some(self.input.length()?).filter(|read| *read != ENTRIES_READ_UNKNOWN),
        };
        let groups = StreamMut::of(entry, self.limits).into_groups();
        if groups.find(&name.bytes).is_some() {
            return Err(Damage::new(at, "a group that is there twice".into()));
        }
        let group = groups.create(&name.bytes, Progress { last_id, entries_read });
        let mut nacks = BTreeMap::new();
        for _ in 0..self.input.count(25)? {
            let at = self.input.at();
            let id = self.raw_id()?;
            let nack = Nack { delivered_ms: self.time()?, deliveries: self.input.length()?, is_owned: false };
            if nacks.insert(id, nack).is_some() {
                return Err(Damage::new(at, "a pending entry that is there twice".into()));
            }
        }
        let at = self.input.at();
        for _ in 0..self.input.count(10)? {
            self.consumer(entry, form, group, &mut nacks)?;
        }
        if nacks.values().any(|nack| !nack.is_owned) {
            return Err(Damage::new(at, "a pending entry of no consumer".into()));
        }
        Ok(())
    }

    fn consumer(
        &mut self,
        entry: &mut Entry,
        form: u8,
        group: GroupNumber,
        nacks: &mut BTreeMap<StreamId, Nack>,
    ) -> Result<(), Damage> {
        let at = self.input.at();
        let name = self.input.string()?;
        let seen_ms = self.time()?;
        let active_ms = match form {
            3 => Some(self.input.milliseconds()?).filter(|active| *active != NEVER),
            _ => i64::try_from(seen_ms).ok(),
        };
        let groups = StreamMut::of(entry, self.limits).into_groups();
        if groups.find_consumer(group, &name.bytes).is_some() {
            return Err(Damage::new(at, "a consumer that is there twice".into()));
        }
        let consumer = groups.create_consumer(group, &name.bytes, seen_ms);
        groups.note_seen(
            group,
            consumer,
            seen_ms,
            active_ms.map(|active| u64::try_from(active).unwrap_or(0)),
        );
        for _ in 0..self.input.count(StreamId::BYTES as u64)? {
            let at = self.input.at();
            let id = self.raw_id()?;
            match nacks.get_mut(&id) {
                Some(Nack { delivered_ms, deliveries, is_owned: is_owned @ false }) => {
                    *is_owned = true;
                    let (delivered_ms, deliveries) = (*delivered_ms, *deliveries);
                    groups.set_pending(group, id, Pending { consumer, delivered_ms, deliveries });
                }
                Some(_) => return Err(Damage::new(at, "a pending entry of two consumers".into())),
                None => {
                    return Err(Damage::new(at, "a consumer's pending entry that is not its group's".into()));
                }
            }
        }
        Ok(())
    }
}

/// How many entries, from the first ever, come up to `id`, where that can be told (`t_stream.c`,
/// `streamEstimateDistanceFromFirstEverEntry`). Of streams that do not know what was deleted.
fn position(stream: StreamRef<'_>, id: StreamId) -> Option<u64> {
    let State { last_id, entries_added, .. } = stream.state();
    match stream.first_id() {
        _ if entries_added == 0 => Some(0),
        None => (id <= last_id).then_some(entries_added),
        Some(_) if id == last_id => Some(entries_added),
        Some(first_id) if id == first_id => Some(1),
        Some(first_id) => (id < first_id).then_some(0),
    }
}

/// How many entries a node has, and has had, and the fields of its first one.
struct Head {
    live: usize,
    deleted: usize,
    names: Vec<Vec<u8>>,
}

/// The listpack of a node.
struct Node<'t, 'a> {
    text: &'t Text<'a>,
    items: Listpack<'t>,
}

impl<'t, 'a> Node<'t, 'a> {
    fn open(text: &'t Text<'a>) -> Result<Node<'t, 'a>, Damage> {
        let items = Listpack::new(&text.bytes).map_err(|Wrong { at, what }| text.damage(at, what))?;
        Ok(Node { text, items })
    }

    fn item(&mut self) -> Result<Item<'t>, Damage> {
        match self.items.next() {
            Some(Ok(item)) => Ok(item),
            Some(Err(Wrong { at, what })) => Err(self.text.damage(at, what)),
            None => {
                Err(self.text.damage(self.items.at(), "a node with fewer elements than its entries need"))
            }
        }
    }

    fn integer(&mut self) -> Result<i64, Damage> {
        let at = self.items.at();
        match self.item()? {
            Item::Integer(integer) => Ok(integer),
            Item::Bytes(_) => Err(self.text.damage(at, "an entry's number that is none")),
        }
    }

    fn count(&mut self) -> Result<usize, Damage> {
        let at = self.items.at();
        let count = usize::try_from(self.integer()?).ok().filter(|count| *count <= self.text.bytes.len());
        count.ok_or_else(|| self.text.damage(at, "a count that is out of range"))
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Damage> {
        Ok(self.item()?.bytes(&mut itoa::Buffer::new()).to_vec())
    }

    /// What stands before the entries.
    fn head(&mut self) -> Result<Head, Damage> {
        let (live, deleted, names_count) = (self.count()?, self.count()?, self.count()?);
        let mut names = Vec::new();
        for _ in 0..names_count {
            names.push(self.bytes()?);
        }
        let at = self.items.at();
        if self.integer()? != 0 {
            return Err(self.text.damage(at, "a node's first fields that do not end"));
        }
        Ok(Head { live, deleted, names })
    }

    /// Calls `f` with every entry that was not deleted: its id, and its fields and values in turn.
    fn entries(
        mut self,
        base: StreamId,
        Head { live, deleted, names }: Head,
        mut f: impl FnMut(StreamId, &[Vec<u8>]) -> Result<(), &'static str>,
    ) -> Result<(), Damage> {
        let (mut live_seen, mut pairs) = (0, Vec::new());
        for _ in 0..live + deleted {
            let at = self.items.at();
            let flags = self.integer()?;
            let (ms, seq) = (self.integer()?, self.integer()?);
            let id = StreamId { ms: base.ms.wrapping_add_signed(ms), seq: base.seq.wrapping_add_signed(seq) };
            pairs.clear();
            let elements = match flags & SAME_FIELDS != 0 {
                true => {
                    for name in &names {
                        pairs.push(name.clone());
                        pairs.push(self.bytes()?);
                    }
                    3 + names.len()
                }
                false => {
                    let fields = self.count()?;
                    for _ in 0..2 * fields {
                        pairs.push(self.bytes()?);
                    }
                    4 + 2 * fields
                }
            };
            if usize::try_from(self.integer()?) != Ok(elements) {
                return Err(self.text.damage(at, "an entry with another number of elements than it says"));
            }
            if flags & IS_DELETED == 0 {
                live_seen += 1;
                f(id, &pairs).map_err(|what| self.text.damage(at, what))?;
            }
        }
        if live_seen != live {
            return Err(self.text.damage(0, "a node with another number of entries than it says"));
        }
        match self.items.next() {
            None => Ok(()),
            Some(Err(Wrong { at, what })) => Err(self.text.damage(at, what)),
            Some(Ok(_)) => Err(self.text.damage(self.items.at(), "a node with more elements than entries")),
        }
    }
}
