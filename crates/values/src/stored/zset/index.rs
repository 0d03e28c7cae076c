//! The fences of a sorted set in memory: where they stand and what they count, in order.
//!
//! The fences lie in *parts* of some dozens, so that a place is found by two binary searches, a rank by two sums, and
//! a change moves few. A copy shares its parts with the original until one of them is changed.
//!
//! Of a few runs the index also knows the members' places. Which ones is up to the caller.

use std::sync::Arc;

/// Fences in a part at most.
const PART_FENCES_MAX: usize = 128;
/// Runs whose places are known at most.
const KNOWN_MAX: usize = 16;
/// What a fence takes beside the bytes of its place, and what the allocator adds to these.
const FENCE_BYTES: usize = size_of::<Fence>() + 16;
/// What a place that is known takes beside its bytes, likewise.
const PLACE_BYTES: usize = size_of::<Box<[u8]>>() + 16;

/// A fence.
#[derive(Clone)]
pub(super) struct Fence {
    pub(super) place: Box<[u8]>,
    /// Members from there up to the next fence.
    pub(super) members: usize,
    /// Members that went since all were walked over.
    pub(super) removed: usize,
}

impl Fence {
    pub(super) fn new(place: &[u8], members: usize) -> Fence {
        Fence { place: place.into(), members, removed: 0 }
    }
}

/// Where a fence is in the index. It holds until a fence is added or removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    part: usize,
    nth: usize,
}

#[derive(Clone)]
struct Part {
    members: usize,
    /// There is at least one.
    fences: Arc<Vec<Fence>>,
}

impl Part {
    fn new(fences: Vec<Fence>) -> Part {
        Part { members: fences.iter().map(|fence| fence.members).sum(), fences: Arc::new(fences) }
    }
}

/// The places of all members of a run, ascending.
#[derive(Clone)]
struct Known {
    /// Where the run's fence stands.
    fence: Box<[u8]>,
    places: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Known {
    fn new(fence: &[u8], places: Vec<Box<[u8]>>) -> Known {
        let bytes = places.iter().map(|place| PLACE_BYTES + place.len()).sum();
        Known { fence: fence.into(), places, bytes }
    }
}

/// The fences of a sorted set. The first one stands at the empty place, before everything.
#[derive(Clone)]
pub(super) struct Index {
    parts: Vec<Part>,
    known: Vec<Arc<Known>>,
}

/// What so many fences take whose places have `place_bytes` together, whether they are in memory yet or not.
pub(super) fn fences_bytes(count: usize, place_bytes: usize) -> usize {
    count.saturating_mul(FENCE_BYTES).saturating_add(place_bytes)
}

impl Index {
    /// What is not even of an empty set: it has no fence.
    pub(super) const NONE: Index = Index { parts: Vec::new(), known: Vec::new() };

    /// The index of fences that come in order.
    pub(super) fn of(fences: impl IntoIterator<Item = Fence>) -> Index {
        let mut fences = fences.into_iter().peekable();
        let mut parts = Vec::new();
        if fences.peek().is_none_or(|first| !first.place.is_empty()) {
            parts.push(Part::new(vec![Fence::new(b"", 0)]));
        }
        while fences.peek().is_some() {
            parts.push(Part::new(fences.by_ref().take(PART_FENCES_MAX * 3 / 4).collect()));
        }
        Index { parts, known: Vec::new() }
    }

    /// Members that all fences count together.
    pub(super) fn members(&self) -> usize {
        self.parts.iter().map(|part| part.members).sum()
    }

    /// What the places that are known take.
    pub(super) fn known_bytes(&self) -> usize {
        self.known.iter().map(|known| known.bytes).sum()
    }

    pub(super) fn fence(&self, At { part, nth }: At) -> &Fence {
        &self.parts[part].fences[nth]
    }

    /// The fence that stands at `place` or is the last one before, and how many members stand before that fence.
    pub(super) fn locate(&self, place: &[u8]) -> Option<(At, usize)> {
        let is_before = |fence: &Fence| *fence.place <= *place;
        let part = self.parts.partition_point(|part| part.fences.first().is_some_and(is_before));
        let (before, within) = self.parts.split_at(part);
        let (last, before) = before.split_last()?;
        let nth = last.fences.partition_point(is_before).checked_sub(1)?;
        let in_part: usize = last.fences.iter().take(nth).map(|fence| fence.members).sum();
        debug_assert!(within.len() + part == self.parts.len());
        Some((At { part: part - 1, nth }, before.iter().map(|part| part.members).sum::<usize>() + in_part))
    }

    /// The fence that counts the member of rank `rank`, and its rank from there.
    pub(super) fn of_rank(&self, mut rank: usize) -> Option<(At, usize)> {
        for (part, Part { members, fences }) in self.parts.iter().enumerate() {
            if rank >= *members {
                rank -= members;
                continue;
            }
            for (nth, fence) in fences.iter().enumerate() {
                if rank < fence.members {
                    return Some((At { part, nth }, rank));
                }
                rank -= fence.members;
            }
        }
        None
    }

    pub(super) fn next(&self, At { part, nth }: At) -> Option<At> {
        if nth + 1 < self.parts[part].fences.len() {
            return Some(At { part, nth: nth + 1 });
        }
        (part + 1 < self.parts.len()).then_some(At { part: part + 1, nth: 0 })
    }

    pub(super) fn previous(&self, At { part, nth }: At) -> Option<At> {
        if nth > 0 {
            return Some(At { part, nth: nth - 1 });
        }
        let part = part.checked_sub(1)?;
        Some(At { part, nth: self.parts[part].fences.len() - 1 })
    }

    /// Where the run of a fence ends: at the next fence, if there is one.
    pub(super) fn end(&self, at: At) -> Option<&[u8]> {
        self.next(at).map(|next| &*self.fence(next).place)
    }

    /// Changes what a fence counts.
    pub(super) fn set_members(&mut self, at: At, members: usize) {
        let part = &mut self.parts[at.part];
        let fence = &mut Arc::make_mut(&mut part.fences)[at.nth];
        part.members = part.members + members - fence.members;
        fence.members = members;
    }

    /// Notes that members went, or with 0 that all that are left were walked over.
    pub(super) fn set_removed(&mut self, at: At, removed: usize) {
        Arc::make_mut(&mut self.parts[at.part].fences)[at.nth].removed = removed;
    }

    /// Adds a fence behind another one, from which it takes some of its members.
    pub(super) fn insert_behind(&mut self, at: At, fence: Fence) {
        let part = &mut self.parts[at.part];
        part.members += fence.members;
        let fences = Arc::make_mut(&mut part.fences);
        fences.insert(at.nth + 1, fence);
        if fences.len() > PART_FENCES_MAX {
            let right = Part::new(fences.split_off(fences.len() / 2));
            part.members -= right.members;
            self.parts.insert(at.part + 1, right);
        }
    }

    /// Removes a fence, which may not be the first one, with what it counts and what is known of it.
    pub(super) fn remove(&mut self, at: At) -> Fence {
        self.forget(at);
        let part = &mut self.parts[at.part];
        let fence = Arc::make_mut(&mut part.fences).remove(at.nth);
        part.members -= fence.members;
        if part.fences.is_empty() {
            self.parts.remove(at.part);
        }
        fence
    }

    fn known_at(&self, at: At) -> Option<usize> {
        let fence = &self.fence(at).place;
        self.known.iter().position(|known| known.fence == *fence)
    }

    /// The places of a run's members, if they are known.
    pub(super) fn known(&self, at: At) -> Option<&[Box<[u8]>]> {
        self.known_at(at).map(|known| &self.known[known].places[..])
    }

    /// Notes the places of all members of a run. The run of which they have been known the longest is forgotten where
    /// there are too many.
    pub(super) fn know(&mut self, at: At, places: Vec<Box<[u8]>>) {
        self.forget(at);
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push(Arc::new(Known::new(&self.fence(at).place, places)));
    }

    /// Forgets the places of a run.
    pub(super) fn forget(&mut self, at: At) {
        if let Some(known) = self.known_at(at) {
            self.known.remove(known);
        }
    }

    /// Notes a place that is taken or free from now on, if those of its run are known.
    pub(super) fn note(&mut self, at: At, place: &[u8], is_taken: bool) {
        let Some(known) = self.known_at(at) else { return };
        let Known { places, bytes, .. } = Arc::make_mut(&mut self.known[known]);
        match (places.binary_search_by(|other| (**other).cmp(place)), is_taken) {
            (Err(nth), true) => {
                places.insert(nth, place.into());
                *bytes += PLACE_BYTES + place.len();
            }
            (Ok(nth), false) => {
                places.remove(nth);
                *bytes -= PLACE_BYTES + place.len();
            }
            (Ok(_), true) | (Err(_), false) => {}
        }
    }
}

#[cfg(test)]
impl Index {
    /// All fences, having checked that the sums are right.
    pub(super) fn fences(&self) -> Vec<Fence> {
        for Part { members, fences } in &self.parts {
            assert!((1..=PART_FENCES_MAX).contains(&fences.len()));
            assert_eq!(*members, fences.iter().map(|fence| fence.members).sum::<usize>());
        }
        for known in &self.known {
            assert_eq!(known.bytes, Known::new(b"", known.places.clone()).bytes);
            let at = self.locate(&known.fence).expect("a fence").0;
            assert_eq!(self.fence(at).place, known.fence, "it is of a fence that is there");
        }
        self.parts.iter().flat_map(|part| part.fences.iter().cloned()).collect()
    }
}
