//! The packed form of sets and hashes: a counted run of elements, searched from the front.
//!
//! ```text
//!  +--------+-----+------+-----+------+-----+
//!  | count  | len | item | len | item | ... |
//!  | varint | varint     | varint     |     |
//!  +--------+-----+------+-----+------+-----+
//! ```
//!
//! An element is `N` items, of which the first names it: a set's element is its member, a hash's the field and
//! the value. Elements stand in the order in which they were added. The functions take the number of items as
//! `N`; all that are called on one run must take the same.

use crate::buffer::Buffer;
use crate::varint;

/// A run of no elements.
pub const EMPTY: [u8; 1] = [0];

/// Bytes above which a form stops being packed, whatever the limits allow: lengths are 32 bits wide, and an edit
/// moves half of the bytes.
pub const PACKED_BYTES_MAX: usize = 1 << 30;

/// How many elements there are.
#[inline]
pub fn count(bytes: &[u8]) -> usize {
    varint::read(bytes).0
}

/// The bytes that an item takes.
pub fn item_size(item: &[u8]) -> usize {
    varint::size(item.len()) + item.len()
}

/// The item at the start of `bytes`, and what follows it.
#[inline]
fn split_item(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (len, head) = varint::read(bytes);
    bytes[head..].split_at(len)
}

/// Writes `item` at the start of `out` and returns what follows it.
fn write_item<'a>(item: &[u8], out: &'a mut [u8]) -> &'a mut [u8] {
    let head = varint::write(item.len(), out);
    let (into, rest) = out[head..].split_at_mut(item.len());
    into.copy_from_slice(item);
    rest
}

/// The elements from the first to the last.
pub fn elements<const N: usize>(bytes: &[u8]) -> Elements<'_, N> {
    let (count, head) = varint::read(bytes);
    Elements { rest: &bytes[head..], count }
}

/// See [`elements`].
#[derive(Clone)]
pub struct Elements<'a, const N: usize> {
    rest: &'a [u8],
    count: usize,
}

impl<'a, const N: usize> Iterator for Elements<'a, N> {
    type Item = [&'a [u8]; N];

    #[inline]
    fn next(&mut self) -> Option<[&'a [u8]; N]> {
        self.count = self.count.checked_sub(1)?;
        Some(std::array::from_fn(|_| {
            let (item, rest) = split_item(self.rest);
            self.rest = rest;
            item
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl<const N: usize> ExactSizeIterator for Elements<'_, N> {}

/// The offset of the element that `name` names.
#[inline]
pub fn find<const N: usize>(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let mut rest = &bytes[varint::read(bytes).1..];
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let (item, after) = split_item(rest);
        // Names often begin alike and end differently.
        if item.len() == name.len() && item.last() == name.last() && item == name {
            return Some(at);
        }
        rest = after;
        for _ in 1..N {
            rest = split_item(rest).1;
        }
    }
    None
}

/// The items of the element at offset `at`.
#[inline]
pub fn element<const N: usize>(bytes: &[u8], at: usize) -> [&[u8]; N] {
    let mut rest = &bytes[at..];
    std::array::from_fn(|_| {
        let (item, after) = split_item(rest);
        rest = after;
        item
    })
}

/// The offset of the element at `index`, which must be less than the count.
pub fn offset_of<const N: usize>(bytes: &[u8], index: usize) -> usize {
    let mut rest = &bytes[varint::read(bytes).1..];
    for _ in 0..index * N {
        rest = split_item(rest).1;
    }
    bytes.len() - rest.len()
}

/// Adds an element behind the last. Its name must not be there yet.
pub fn push<const N: usize>(buffer: &mut impl Buffer, items: [&[u8]; N]) {
    let end = buffer.bytes().len();
    let mut out = buffer.splice(end, 0, items.iter().map(|item| item_size(item)).sum());
    for item in items {
        out = write_item(item, out);
    }
    set_count(buffer, count(buffer.bytes()) + 1);
}

/// Replaces the last item of the element at offset `at`.
pub fn replace_last<const N: usize>(buffer: &mut impl Buffer, at: usize, item: &[u8]) {
    let bytes = buffer.bytes();
    let mut rest = &bytes[at..];
    for _ in 1..N {
        rest = split_item(rest).1;
    }
    let item_at = bytes.len() - rest.len();
    let old_size = rest.len() - split_item(rest).1.len();
    let new_size = item_size(item);
    let out = if old_size == new_size {
        &mut buffer.bytes_mut()[item_at..item_at + new_size]
    } else {
        buffer.splice(item_at, old_size, new_size)
    };
    write_item(item, out);
}

/// Replaces all items of the element at offset `at`.
pub fn replace<const N: usize>(buffer: &mut impl Buffer, at: usize, items: [&[u8]; N]) {
    let size = |items: &[&[u8]; N]| items.iter().map(|item| item_size(item)).sum();
    let old_size = size(&element::<N>(buffer.bytes(), at));
    let mut out = buffer.splice(at, old_size, size(&items));
    for item in items {
        out = write_item(item, out);
    }
}

/// Removes the element at offset `at`.
pub fn remove<const N: usize>(buffer: &mut impl Buffer, at: usize) {
    let bytes = buffer.bytes();
    let size: usize = element::<N>(bytes, at).iter().map(|item| item_size(item)).sum();
    let count = count(bytes);
    buffer.splice(at, size, 0);
    set_count(buffer, count - 1);
}

fn set_count(buffer: &mut impl Buffer, count: usize) {
    let (old, old_size) = varint::read(buffer.bytes());
    debug_assert!(old.abs_diff(count) <= 1);
    let new_size = varint::size(count);
    if old_size != new_size {
        buffer.splice(0, old_size, new_size);
    }
    varint::write(count, buffer.bytes_mut());
}

/// The offset of an element picked at random; `None` when there are none.
pub fn random<const N: usize>(bytes: &[u8], rng: &mut dyn FnMut() -> u64) -> Option<usize> {
    let count = count(bytes);
    (count > 0).then(|| offset_of::<N>(bytes, below(count, rng)))
}

/// A number below `bound`, which is not zero, out of 64 random bits.
pub(crate) fn below(bound: usize, rng: &mut dyn FnMut() -> u64) -> usize {
    ((u128::from(rng()) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{random as bits, rounds};

    #[test]
    fn ten_fields_of_6_with_values_of_14_bytes_take_221() {
        let mut run = EMPTY.to_vec();
        for field in 0..10 {
            push(&mut run, [format!("field{field}").as_bytes(), &[b'v'; 14]]);
        }
        assert_eq!(run.len(), 221);
    }

    #[test]
    fn it_agrees_with_a_vector_of_pairs() {
        let mut random = bits(7);
        let (mut run, mut model) = (EMPTY.to_vec(), Vec::<(Vec<u8>, Vec<u8>)>::new());
        for step in 0..rounds(20_000) {
            // Long enough runs that the count and some lengths take two and five bytes.
            let name = (random() % 400).to_string().into_bytes();
            let long =
                [0, 3, 130, 16_400][usize::from(random().is_multiple_of(50)) * (random() % 4) as usize];
            let value = vec![step as u8; long + (random() % 3) as usize];
            let (found, known) = (find::<2>(&run, &name), model.iter().position(|pair| pair.0 == name));
            assert_eq!(found.is_some(), known.is_some());
            match (found, known) {
                (Some(at), Some(index)) => {
                    assert_eq!(element::<2>(&run, at), [&name[..], &model[index].1[..]]);
                    assert_eq!(offset_of::<2>(&run, index), at);
                    if random().is_multiple_of(2) {
                        replace_last::<2>(&mut run, at, &value);
                        model[index].1 = value;
                    } else {
                        remove::<2>(&mut run, at);
                        model.remove(index);
                    }
                }
                _ => {
                    push(&mut run, [&name, &value]);
                    model.push((name, value));
                }
            }
            assert_eq!(count(&run), model.len());
        }
        assert!(elements::<2>(&run).eq(model.iter().map(|(name, value)| [&name[..], &value[..]])));
        let size: usize = model.iter().map(|(name, value)| item_size(name) + item_size(value)).sum();
        assert_eq!(run.len(), varint::size(model.len()) + size);
    }

    #[test]
    fn any_element_may_be_picked_and_none_out_of_none() {
        let mut random_bits = bits(3);
        let mut run = EMPTY.to_vec();
        assert_eq!(random::<1>(&run, &mut random_bits), None);
        ["a", "b", "c"].iter().for_each(|member| push(&mut run, [member.as_bytes()]));
        let picked: std::collections::BTreeSet<&[u8]> = (0..100)
            .filter_map(|_| random::<1>(&run, &mut random_bits))
            .map(|at| element::<1>(&run, at)[0])
            .collect();
        assert_eq!(picked.len(), 3);
    }
}
