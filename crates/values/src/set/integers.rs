//! A set of integers: sorted, each in as few bytes as the widest of them ever needed.
//!
//! ```text
//!  0       1
//!  +-------+---------+---------+-----+
//!  | width | integer | integer | ... |
//!  | 2,4,8 | little-endian     |     |
//!  +-------+---------+---------+-----+
//! ```

use crate::buffer::Buffer;

/// A set of no integers.
pub const EMPTY: [u8; 1] = [2];

/// More integers than this are never held in this form, whatever the limits say: the bytes' length has 32 bits.
pub const INTEGERS_MAX: usize = 1 << 28;

/// The bytes that hold `value`.
fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

#[inline]
fn read(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("integers are 2, 4 or 8 bytes wide"),
    }
}

fn width(bytes: &[u8]) -> usize {
    usize::from(bytes[0])
}

/// How many integers there are.
pub fn count(bytes: &[u8]) -> usize {
    (bytes.len() - 1) / width(bytes)
}

/// The integer at `index`, in ascending order.
#[inline]
pub fn get(bytes: &[u8], index: usize) -> i64 {
    let at = 1 + index * width(bytes);
    read(&bytes[at..at + width(bytes)])
}

/// All integers, ascending.
pub fn iter(bytes: &[u8]) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator {
    bytes[1..].chunks_exact(width(bytes)).map(read)
}

/// Where `value` is, or where it would be.
pub fn search(bytes: &[u8], value: i64) -> Result<usize, usize> {
    let (mut low, mut high) = (0, count(bytes));
    while low < high {
        let middle = (low + high) / 2;
        match get(bytes, middle).cmp(&value) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return Ok(middle),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// Adds `value`, and says whether it is new.
pub fn insert(buffer: &mut impl Buffer, value: i64) -> bool {
    let Err(index) = search(buffer.bytes(), value) else { return false };
    if width_of(value) > width(buffer.bytes()) {
        widen(buffer, width_of(value));
    }
    let width = width(buffer.bytes());
    buffer.splice(1 + index * width, 0, width).copy_from_slice(&value.to_le_bytes()[..width]);
    true
}

/// Removes `value`, and says whether it was there.
pub fn remove(buffer: &mut impl Buffer, value: i64) -> bool {
    let Ok(index) = search(buffer.bytes(), value) else { return false };
    remove_at(buffer, index);
    true
}

/// Removes the integer at `index`.
pub fn remove_at(buffer: &mut impl Buffer, index: usize) {
    let width = width(buffer.bytes());
    buffer.splice(1 + index * width, width, 0);
}

/// Makes all integers `new` bytes wide.
fn widen(buffer: &mut impl Buffer, new: usize) {
    let (old, count) = (width(buffer.bytes()), count(buffer.bytes()));
    let end = buffer.bytes().len();
    buffer.splice(end, 0, count * (new - old));
    let bytes = buffer.bytes_mut();
    bytes[0] = new as u8;
    // From the last to the first, so that none is overwritten before it has moved.
    for index in (0..count).rev() {
        let value = read(&bytes[1 + index * old..][..old]);
        bytes[1 + index * new..][..new].copy_from_slice(&value.to_le_bytes()[..new]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::{random, rounds};

    #[test]
    fn ten_small_integers_take_21_bytes() {
        let mut bytes = EMPTY.to_vec();
        assert!((0..10).all(|value| insert(&mut bytes, value * 3276)));
        assert_eq!(bytes.len(), 21);
    }

    #[test]
    fn it_agrees_with_a_sorted_set_at_every_width() {
        let mut random = random(1);
        for shift in [56, 50, 44, 40, 30, 20, 0] {
            let (mut bytes, mut model) = (EMPTY.to_vec(), BTreeSet::new());
            for step in 0..rounds(2000) {
                let value = random() as i64 >> if step % 5 == 0 { shift } else { 57 };
                if random().is_multiple_of(3) {
                    assert_eq!(remove(&mut bytes, value), model.remove(&value));
                } else {
                    assert_eq!(insert(&mut bytes, value), model.insert(value));
                }
                assert_eq!(search(&bytes, value).is_ok(), model.contains(&value));
                assert_eq!(count(&bytes), model.len());
            }
            assert!(iter(&bytes).eq(model.iter().copied()));
            assert!((0..count(&bytes)).map(|index| get(&bytes, index)).eq(model));
        }
    }
}
