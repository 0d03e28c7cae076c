//! The elements of one collection among the records of its space.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use elsa::sync::FrozenVec;
use fjall::Slice;
use keyspace::engine::Batch;
use keyspace::fault::{Fault, raise};
use values::elements::{Elements, Pair, Span};

use crate::format::{ELEMENT_KEY_BYTES_MAX, ELEMENT_PREFIX_BYTES, Place, Tag, element_prefix};
use crate::space::Space;

/// The elements at one place, with what was changed and not written yet.
pub struct DiskElements {
    space: Arc<Space>,
    place: Place,
    tag: Tag,
    prefix: [u8; ELEMENT_PREFIX_BYTES],
    /// By the element's key; `None` where it was removed.
    changed: BTreeMap<Box<[u8]>, Option<Box<[u8]>>>,
    /// What was handed out.
    held: FrozenVec<Box<Slice>>,
    /// The map beside this one, once somebody has asked for it.
    beside: OnceLock<Box<DiskElements>>,
}

impl DiskElements {
    pub fn new(space: Arc<Space>, place: Place) -> DiskElements {
        DiskElements::tagged(space, place, Tag::Element)
    }

    fn tagged(space: Arc<Space>, place: Place, tag: Tag) -> DiskElements {
        DiskElements {
            space,
            place,
            tag,
            prefix: element_prefix(place.home, tag, place.id),
            changed: BTreeMap::new(),
            held: FrozenVec::new(),
            beside: OnceLock::new(),
        }
    }

    fn beside(&self) -> &DiskElements {
        self.beside
            .get_or_init(|| Box::new(DiskElements::tagged(Arc::clone(&self.space), self.place, Tag::Beside)))
    }

    /// Where the elements are.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The space that they are in.
    pub fn space(&self) -> &Arc<Space> {
        &self.space
    }

    /// Adds to `batch` what was changed.
    pub fn stage(&self, batch: &mut Batch) -> Result<(), Fault> {
        for (key, value) in &self.changed {
            if key.len() > ELEMENT_KEY_BYTES_MAX {
                return Err(Fault::new(format!(
                    "ERR a field or member is longer than the {ELEMENT_KEY_BYTES_MAX} bytes that a database on disk \
                     takes"
                )));
            }
            let write_key = |out: &mut Vec<u8>| {
                out.extend_from_slice(&self.prefix);
                out.extend_from_slice(key);
            };
            match value {
                Some(value) => batch.put(self.space.id, write_key, |out| out.extend_from_slice(value)),
                None => batch.remove(self.space.id, write_key),
            }
        }
        self.beside.get().map_or(Ok(()), |beside| beside.stage(batch))
    }

    /// Says that what was staged is written, and lets go of what was handed out.
    pub fn settle(&mut self) {
        self.changed = BTreeMap::new();
        self.held = FrozenVec::new();
        self.beside = OnceLock::new();
    }

    fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.prefix, key].concat()
    }

    fn bound(&self, bound: Bound<&[u8]>, is_upper: bool) -> Bound<Vec<u8>> {
        match bound {
            Bound::Included(key) => Bound::Included(self.key(key)),
            Bound::Excluded(key) => Bound::Excluded(self.key(key)),
            Bound::Unbounded if is_upper => {
                Bound::Excluded(element_prefix(self.place.home, self.tag, self.place.id + 1).into())
            }
            Bound::Unbounded => Bound::Included(self.prefix.into()),
        }
    }

    /// Visits the pairs of `span` as they are stored, until there are no more or `visit` says false.
    fn walk_stored(&self, span: Span<'_>, visit: &mut dyn FnMut(Slice, Slice) -> bool) {
        let range = (self.bound(span.lower, false), self.bound(span.upper, true));
        self.space.scan(range, span.backward, visit);
    }

    /// As [`Elements::walk`], with keys and values as they are held.
    fn walk_all<'m>(&'m self, span: Span<'_>, visit: &mut dyn FnMut(Piece<'m>, Piece<'m>) -> bool) {
        let stored_key = |key: Slice| Piece::Stored(key, ELEMENT_PREFIX_BYTES);
        if self.changed.is_empty() {
            return self.walk_stored(span, &mut |key, value| visit(stored_key(key), Piece::Stored(value, 0)));
        }
        if is_empty_range(span.lower, span.upper) {
            return;
        }
        let range = self.changed.range::<[u8], _>((span.lower, span.upper));
        let mut range: Box<dyn Iterator<Item = _> + 'm> =
            if span.backward { Box::new(range.rev()) } else { Box::new(range) };
        let mut next = range.next();
        let mut goes_on = true;
        self.walk_stored(span, &mut |key, value| {
            let name = &key[ELEMENT_PREFIX_BYTES..];
            while let Some((changed, now)) = next {
                let is_before = if span.backward { **changed > *name } else { **changed < *name };
                if !is_before {
                    break;
                }
                next = range.next();
                if let Some(now) = now
                    && !visit(Piece::Changed(changed), Piece::Changed(now))
                {
                    goes_on = false;
                    return false;
                }
            }
            if next.is_some_and(|(changed, _)| **changed == *name) {
                // What was changed comes in the next round, in its place.
                return true;
            }
            goes_on = visit(stored_key(key), Piece::Stored(value, 0));
            goes_on
        });
        while goes_on && let Some((changed, now)) = next {
            next = range.next();
            if let Some(now) = now {
                goes_on = visit(Piece::Changed(changed), Piece::Changed(now));
            }
        }
    }

    fn hold(&self, piece: Piece<'_>) -> &[u8] {
        // What was changed lives as long as the borrow, but not in the eyes of `walk_all`'s callers.
        match piece {
            Piece::Stored(slice, from) => &self.held.push_get(Box::new(slice))[from..],
            Piece::Changed(bytes) => self.held.push_get(Box::new(Slice::from(bytes))),
        }
    }
}

fn is_empty_range(lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> bool {
    match (lower, upper) {
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (
            Bound::Included(lower) | Bound::Excluded(lower),
            Bound::Included(upper) | Bound::Excluded(upper),
        ) => lower >= upper,
        _ => false,
    }
}

/// A key or a value: as it is stored, from some byte on, or as it was changed.
enum Piece<'m> {
    Stored(Slice, usize),
    Changed(&'m [u8]),
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Stored(slice, from) => &slice[*from..],
            Piece::Changed(bytes) => bytes,
        }
    }
}

impl Elements for DiskElements {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        if let Some(changed) = self.changed.get(key) {
            return changed.as_deref();
        }
        let value = self.space.get(&self.key(key))?;
        Some(self.held.push_get(Box::new(value)))
    }

    fn contains(&self, key: &[u8]) -> bool {
        match self.changed.get(key) {
            Some(changed) => changed.is_some(),
            None => self.space.contains(&self.key(key)),
        }
    }

    fn fetch<'m>(&'m self, span: Span<'_>, limit: usize, pairs: &mut Vec<Pair<'m>>) {
        let mut left = limit;
        if left == 0 {
            return;
        }
        self.walk_all(span, &mut |key, value| {
            pairs.push((self.hold(key), self.hold(value)));
            left -= 1;
            left > 0
        });
    }

    fn walk(&self, span: Span<'_>, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.walk_all(span, &mut |key, value| visit(key.bytes(), value.bytes()));
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.changed.insert(key.into(), Some(value.into()));
    }

    fn remove(&mut self, key: &[u8]) {
        self.changed.insert(key.into(), None);
    }

    fn beside(&self) -> &dyn Elements {
        self.beside()
    }

    fn beside_mut(&mut self) -> &mut dyn Elements {
        self.beside();
        &mut **self.beside.get_mut().expect("it has just been made")
    }

    fn memory_bytes(&self) -> usize {
        size_of::<DiskElements>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Has the command fail because its collection's record cannot be read.
pub fn raise_unreadable(name: &[u8], why: impl std::fmt::Display) {
    let name = String::from_utf8_lossy(name);
    tracing::error!(key = %name, "A key cannot be read: {why}");
    raise(Fault::new(format!("ERR the key '{name}' cannot be read from disk: {why}")));
}
