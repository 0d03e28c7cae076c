//! A small list: one run of entries behind two totals.
//!
//! ```text
//!  +--------+----------------+---------+
//!  | count  | listpack bytes | entries |
//!  | varint | varint         |         |
//!  +--------+----------------+---------+
//! ```

use crate::buffer::Buffer;
use crate::list::run::{Run, Totals};
use crate::varint;

/// A list of no elements.
pub const EMPTY: [u8; 2] = [0, 0];

/// The totals and the entries.
#[inline]
pub fn read(bytes: &[u8]) -> (Totals, &[u8]) {
    let (count, count_size) = varint::read(bytes);
    let (listpack_bytes, size) = varint::read(&bytes[count_size..]);
    (Totals { count, listpack_bytes }, &bytes[count_size + size..])
}

/// The bytes of a packed list.
pub fn write(totals: Totals, entries: &[u8]) -> Vec<u8> {
    let mut head = [0; HEAD_BYTES_MAX];
    let size = write_head(totals, &mut head);
    [&head[..size], entries].concat()
}

const HEAD_BYTES_MAX: usize = 10;

fn write_head(totals: Totals, head: &mut [u8]) -> usize {
    let size = varint::write(totals.count, head);
    size + varint::write(totals.listpack_bytes, &mut head[size..])
}

/// A packed list to edit.
pub struct Packed<B> {
    buffer: B,
    /// As they are written at the start, in `head` bytes.
    totals: Totals,
    head: usize,
}

impl<B: Buffer> Packed<B> {
    /// The packed list in `buffer`.
    pub fn new(buffer: B) -> Packed<B> {
        let (totals, entries) = read(buffer.bytes());
        let head = buffer.bytes().len() - entries.len();
        Packed { buffer, totals, head }
    }
}

impl<B: Buffer> Run for Packed<B> {
    #[inline]
    fn entries(&self) -> &[u8] {
        &self.buffer.bytes()[self.head..]
    }

    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        self.buffer.splice(self.head + at, removed, inserted)
    }

    #[inline]
    fn totals(&self) -> Totals {
        self.totals
    }

    fn set_totals(&mut self, totals: Totals) {
        let mut head = [0; HEAD_BYTES_MAX];
        let size = write_head(totals, &mut head);
        if size != self.head {
            self.buffer.splice(0, self.head, size);
        }
        self.buffer.bytes_mut()[..size].copy_from_slice(&head[..size]);
        (self.totals, self.head) = (totals, size);
    }
}
