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
pub struct Packed<B>(pub B);

impl<B: Buffer> Packed<B> {
    fn head_size(&self) -> usize {
        let bytes = self.0.bytes();
        bytes.len() - read(bytes).1.len()
    }
}

impl<B: Buffer> Run for Packed<B> {
    fn entries(&self) -> &[u8] {
        read(self.0.bytes()).1
    }

    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        let head = self.head_size();
        self.0.splice(head + at, removed, inserted)
    }

    fn totals(&self) -> Totals {
        read(self.0.bytes()).0
    }

    fn set_totals(&mut self, totals: Totals) {
        let mut head = [0; HEAD_BYTES_MAX];
        let (old_size, new_size) = (self.head_size(), write_head(totals, &mut head));
        let out = if old_size == new_size {
            &mut self.0.bytes_mut()[..new_size]
        } else {
            self.0.splice(0, old_size, new_size)
        };
        out.copy_from_slice(&head[..new_size]);
    }
}
