//! What a transaction has changed, as it is stored: records put and removed, in order.

use std::ops::Range;

use smallvec::SmallVec;

/// Records to write together. They lie one behind the other in one buffer, so that a batch of a few small ones takes
/// two allocations.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    changes: SmallVec<[Place; 4]>,
    /// Collections that lost their key.
    pub released: SmallVec<[Elsewhere; 1]>,
    /// Collections that belong to a key that was written. What is released and adopted has moved.
    pub adopted: SmallVec<[Elsewhere; 1]>,
    /// What is stored beside it of the stream of what was done.
    pub streamed: Option<Streamed>,
    /// The libraries of functions, all of them, where they were changed. To the store they are bytes.
    pub libraries: Option<Vec<u8>>,
}

/// What a store keeps of the stream of what was done ([`crate::Log`]), so that it can be told after a crash up to where of
/// it everything is stored, and the last of it can be read again.
pub enum Streamed {
    /// With the batch everything up to the end of this stretch is stored, and nothing of what comes behind it.
    Stretch(Stretch),
    /// Where in a stream the stored is, is not known any more.
    Unknown,
}

/// Some bytes of a stream.
pub struct Stretch {
    /// How the stream goes on from the stretch that was stored before: at its end, so that both can be read in one, or
    /// not at all.
    pub is_next: bool,
    /// How many bytes of the stream come before it.
    pub begin: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The stream's name behind it.
    pub id: [u8; STREAM_ID_BYTES],
    /// The database that is selected behind it.
    pub database: u16,
    /// What is to be kept beside the stream from now on, if that is not what was: other names that it had.
    pub names: Option<Vec<u8>>,
}

/// How long the name of a stream is.
pub const STREAM_ID_BYTES: usize = 40;

/// Where in a stream what is stored is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// The stream's name.
    pub id: [u8; STREAM_ID_BYTES],
    /// How many bytes it has.
    pub offset: u64,
    /// The database that is selected there.
    pub database: u16,
    /// What was last to be kept beside the stream.
    pub names: Vec<u8>,
}

/// A collection whose elements are records of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The space that the records are in.
    pub space: u64,
    /// The slot among whose records they are.
    pub slot: u16,
    /// The collection's number.
    pub id: u64,
}

struct Place {
    space: u64,
    key: Range<usize>,
    /// `None` removes the record.
    value: Option<Range<usize>>,
}

/// One record of a batch.
pub struct Change<'b> {
    /// Which of the store's spaces the record is in.
    pub space: u64,
    /// Its key there.
    pub key: &'b [u8],
    /// Its value, or `None` when it is to be removed.
    pub value: Option<&'b [u8]>,
}

impl Batch {
    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let begin = self.bytes.len();
        write(&mut self.bytes);
        begin..self.bytes.len()
    }

    /// Puts a record whose key and value the functions append.
    pub fn put(&mut self, space: u64, key: impl FnOnce(&mut Vec<u8>), value: impl FnOnce(&mut Vec<u8>)) {
        let key = self.append(key);
        let value = Some(self.append(value));
        self.changes.push(Place { space, key, value });
    }

    /// Removes the record whose key the function appends.
    pub fn remove(&mut self, space: u64, key: impl FnOnce(&mut Vec<u8>)) {
        let key = self.append(key);
        self.changes.push(Place { space, key, value: None });
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.released.is_empty()
            && self.streamed.is_none()
            && self.libraries.is_none()
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The collections that are left without a key.
    pub fn orphans(&self) -> impl Iterator<Item = Elsewhere> {
        self.released.iter().copied().filter(|released| !self.adopted.contains(released))
    }

    /// The records, in the order in which they were added.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.changes.iter().map(|place| Change {
            space: place.space,
            key: &self.bytes[place.key.clone()],
            value: place.value.clone().map(|value| &self.bytes[value]),
        })
    }
}
