//! A packed hash with deadlines: a run as in [`crate::packed`], of elements of three items, behind the least deadline.
//!
//! ```text
//!  +---------------+--------+-------+-------+----------+-----+
//!  | least         | count  | field | value | deadline | ... |
//!  | 8 bytes       | varint | item  | item  | item     |     |
//!  +---------------+--------+-------+-------+----------+-----+
//! ```
//!
//! A deadline is an item of eight bytes, or of none where the field never expires. Both kinds of deadlines are Unix
//! milliseconds, little-endian.

use super::is_live;
use crate::buffer::Buffer;
use crate::packed;

const LEAST_BYTES: usize = 8;

/// A field with what belongs to it.
#[derive(Clone, Copy)]
pub struct Timed<'a> {
    pub field: &'a [u8],
    pub value: &'a [u8],
    pub deadline_ms: Option<u64>,
}

impl<'a> Timed<'a> {
    fn of([field, value, deadline]: [&'a [u8]; 3]) -> Timed<'a> {
        Timed { field, value, deadline_ms: deadline.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) }
    }

    pub fn is_live(self, now_ms: u64) -> bool {
        is_live(self.deadline_ms, now_ms)
    }

    pub fn pair(self) -> [&'a [u8]; 2] {
        [self.field, self.value]
    }
}

/// The least of all deadlines.
pub fn least(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes))
}

fn run(bytes: &[u8]) -> &[u8] {
    &bytes[LEAST_BYTES..]
}

/// How many fields there are.
pub fn count(bytes: &[u8]) -> usize {
    packed::count(run(bytes))
}

/// The fields in the order in which they were added.
pub fn elements(bytes: &[u8]) -> impl Iterator<Item = Timed<'_>> {
    packed::elements::<3>(run(bytes)).map(Timed::of)
}

/// The field of this name, and where it is.
pub fn find<'a>(bytes: &'a [u8], field: &[u8]) -> Option<(usize, Timed<'a>)> {
    let at = packed::find::<3>(run(bytes), field)?;
    Some((at, Timed::of(packed::element::<3>(run(bytes), at))))
}

/// A hash with these fields.
pub fn build<'a>(elements: impl Iterator<Item = Timed<'a>>) -> Vec<u8> {
    let mut bytes = u64::MAX.to_le_bytes().to_vec();
    bytes.extend_from_slice(&packed::EMPTY);
    elements.for_each(|element| push(&mut bytes, element));
    note_least(&mut bytes);
    bytes
}

/// Adds a field that is not there yet. The least deadline is as it was: see [`note_change`].
pub fn push(buffer: &mut impl Buffer, element: Timed<'_>) {
    with_items(element, |items| packed::push(&mut Run(buffer), items));
}

/// Replaces the field at `at`, as [`push`] adds one.
pub fn replace(buffer: &mut impl Buffer, at: usize, element: Timed<'_>) {
    with_items(element, |items| packed::replace(&mut Run(buffer), at, items));
}

/// Removes the field at `at`, as [`push`] adds one.
pub fn remove(buffer: &mut impl Buffer, at: usize) {
    packed::remove::<3>(&mut Run(buffer), at);
}

fn with_items(element: Timed<'_>, f: impl FnOnce([&[u8]; 3])) {
    let deadline = element.deadline_ms.map(u64::to_le_bytes);
    f([element.field, element.value, deadline.as_ref().map_or(&[], |bytes| &bytes[..])]);
}

/// Replaces the deadline of the field at `at`, as [`push`] adds a field.
pub fn set_deadline_ms(buffer: &mut impl Buffer, at: usize, deadline_ms: Option<u64>) {
    let deadline = deadline_ms.map(u64::to_le_bytes);
    packed::replace_last::<3>(&mut Run(buffer), at, deadline.as_ref().map_or(&[], |bytes| &bytes[..]));
}

/// Writes down the least deadline after one field's deadline was `old` and is `new`, and returns it; `u64::MAX` says
/// that there is none. Only where the least one has gone are the others looked at.
pub fn note_change(buffer: &mut impl Buffer, old: Option<u64>, new: Option<u64>) -> u64 {
    let least = least(buffer.bytes());
    if old == Some(least) && new != old {
        return note_least(buffer);
    }
    let least = least.min(new.unwrap_or(u64::MAX));
    buffer.bytes_mut()[..LEAST_BYTES].copy_from_slice(&least.to_le_bytes());
    least
}

/// Finds the least deadline, writes it down, and returns it.
fn note_least(buffer: &mut impl Buffer) -> u64 {
    let least = elements(buffer.bytes()).filter_map(|element| element.deadline_ms).min().unwrap_or(u64::MAX);
    buffer.bytes_mut()[..LEAST_BYTES].copy_from_slice(&least.to_le_bytes());
    least
}

/// The run within a buffer.
struct Run<'b, B>(&'b mut B);

impl<B: Buffer> Buffer for Run<'_, B> {
    fn bytes(&self) -> &[u8] {
        run(self.0.bytes())
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0.bytes_mut()[LEAST_BYTES..]
    }

    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        self.0.splice(LEAST_BYTES + at, removed, inserted)
    }
}
