//! A key with its value: what a slot's table points at.
//!
//! One allocation holds everything about a small key, so that a look-up touches one cache line and a key costs
//! no more than its bytes and a few more:
//!
//! ```text
//!  0        1            4              12 (only with a deadline)
//!  +--------+------------+--------------+---------+-----------+-----+-------+
//!  | form   | accessed   | deadline ms  | key len | value len | key | value |
//!  | 1 byte | 3 bytes    | 8 bytes      | varint  | varint    |     |       |
//!  +--------+------------+--------------+---------+-----------+-----+-------+
//! ```
//!
//! The highest bit of `form` says whether there is a deadline, the next what `accessed` counts: see
//! [`Access`]. The value is the string itself, the packed form
//! of a collection, or, for an indexed form, the pointer to it. The allocation is as long as
//! [`allocation_size`] says for these bytes, so its capacity needs no field of its own.
#![allow(unsafe_code)] // a hand-laid-out allocation is what gets a key down to its bytes; tested under Miri's rules

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::access::{self, Access};
use crate::buffer::Buffer;
use crate::table::{Element, Ref, Stage};
use crate::varint;

mod in_table;

pub use in_table::{Deadlines, EntryMut, due_ms, judge};

const DEADLINE_FLAG: u8 = 0x80;
const DEADLINE_AT: usize = 4;
const DEADLINE_BYTES: usize = 8;
const POINTER_BYTES: usize = size_of::<*mut dyn Collection>();

/// How a value is held. The forms of a type follow each other, so that telling a type takes one comparison, but for
/// those with deadlines within, which one bit tells from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// A string set as a whole.
    Bytes,
    /// A string that was edited in place (`OBJECT ENCODING` calls it raw at any length).
    EditedBytes,
    /// A string that is a 64-bit integer, in 8 bytes.
    Integer,
    /// A list in one run of bytes.
    ListPacked,
    /// A list as a chain of chunks.
    ListIndexed,
    /// A list whose elements lie outside, where an engine keeps them.
    ListStored,
    /// A set of integers, sorted.
    SetIntegers,
    /// A set in one run of bytes.
    SetPacked,
    /// A set in a hash table.
    SetIndexed,
    /// A set whose members lie outside.
    SetStored,
    /// A hash in one run of bytes.
    HashPacked,
    /// A hash in a hash table.
    HashIndexed,
    /// A hash whose fields lie outside.
    HashStored,
    /// A sorted set in one run of bytes, by score.
    ZSetPacked,
    /// A sorted set in a tree and a hash table.
    ZSetIndexed,
    /// A sorted set whose members lie outside.
    ZSetStored,
    /// A stream in blocks.
    StreamIndexed,
    /// A stream whose entries lie outside.
    StreamStored,
    /// A hash in one run of bytes, some of whose fields have a deadline.
    HashPackedTimed = TIMED_FLAG,
    /// A hash in a hash table, some of whose fields have a deadline.
    HashIndexedTimed,
    /// A hash whose fields lie outside, some of which have a deadline.
    HashStoredTimed,
}

/// Set in the forms of collections some of whose elements have deadlines of their own, and in no other.
const TIMED_FLAG: u8 = 0x20;

/// The forms in use, by their numbers.
const FORMS: [Form; 64] = {
    let mut forms = [Form::Bytes; 64];
    let mut next = 0;
    while next < NUMBERED.len() {
        forms[NUMBERED[next] as usize] = NUMBERED[next];
        next += 1;
    }
    forms
};

const NUMBERED: [Form; 21] = [
    Form::Bytes,
    Form::EditedBytes,
    Form::Integer,
    Form::ListPacked,
    Form::ListIndexed,
    Form::ListStored,
    Form::SetIntegers,
    Form::SetPacked,
    Form::SetIndexed,
    Form::SetStored,
    Form::HashPacked,
    Form::HashIndexed,
    Form::HashStored,
    Form::ZSetPacked,
    Form::ZSetIndexed,
    Form::ZSetStored,
    Form::StreamIndexed,
    Form::StreamStored,
    Form::HashPackedTimed,
    Form::HashIndexedTimed,
    Form::HashStoredTimed,
];

/// The type of a value, as `TYPE` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    String,
    /// `list`
    List,
    /// `set`
    Set,
    /// `hash`
    Hash,
    /// `zset`
    ZSet,
    /// `stream`
    Stream,
}

impl Kind {
    /// The name that `TYPE` and `SCAN … TYPE` use.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::List => "list",
            Kind::Set => "set",
            Kind::Hash => "hash",
            Kind::ZSet => "zset",
            Kind::Stream => "stream",
        }
    }
}

impl Form {
    /// The type that this is a form of.
    #[inline]
    pub fn kind(self) -> Kind {
        match self {
            Form::Bytes | Form::EditedBytes | Form::Integer => Kind::String,
            Form::ListPacked | Form::ListIndexed | Form::ListStored => Kind::List,
            Form::SetIntegers | Form::SetPacked | Form::SetIndexed | Form::SetStored => Kind::Set,
            Form::HashPacked | Form::HashIndexed | Form::HashStored => Kind::Hash,
            Form::HashPackedTimed | Form::HashIndexedTimed | Form::HashStoredTimed => Kind::Hash,
            Form::ZSetPacked | Form::ZSetIndexed | Form::ZSetStored => Kind::ZSet,
            Form::StreamIndexed | Form::StreamStored => Kind::Stream,
        }
    }

    /// Whether the value is held outside its entry: in a collection that the entry points at.
    #[inline]
    pub fn is_indexed(self) -> bool {
        matches!(
            self,
            Form::ListIndexed
                | Form::SetIndexed
                | Form::HashIndexed
                | Form::HashIndexedTimed
                | Form::ZSetIndexed
                | Form::StreamIndexed
        ) || self.is_stored()
    }

    /// Whether the elements of the collection that the entry points at lie elsewhere: see [`crate::stored`].
    #[inline]
    pub fn is_stored(self) -> bool {
        matches!(
            self,
            Form::ListStored
                | Form::SetStored
                | Form::HashStored
                | Form::HashStoredTimed
                | Form::ZSetStored
                | Form::StreamStored
        )
    }
}

/// A collection that is held outside its entry.
pub trait Collection: Send + Sync {
    /// Bytes of memory held, beside the entry.
    fn memory_bytes(&self) -> usize;

    /// How many allocations dropping it frees: what `lazyfree` weighs.
    fn free_effort(&self) -> usize;

    /// A copy with the same elements and the form that it has, for `COPY`. It is held in memory, wherever the
    /// original is.
    fn boxed_copy(&self) -> Copied;

    /// Has the processor load what a look-up of the element that hashes to `hash` is going to touch, where
    /// elements are looked up by their hash.
    fn prefetch(&self, hash: u64, stage: Stage) {
        let _ = (hash, stage);
    }
}

/// A copy of a collection: the form that it has, and no other.
pub struct Copied {
    form: Form,
    collection: Box<dyn Collection>,
}

impl Copied {
    /// The copy that `collection` is.
    pub fn new<T: Indexed>(collection: T) -> Copied {
        Copied { form: T::FORM, collection: Box::new(collection) }
    }
}

/// A collection of one certain form.
///
/// # Safety
///
/// [`Indexed::FORM`] must be an indexed form, and no other type may have the same: an entry of that form is taken to
/// point at this type.
///
/// ```compile_fail,E0200
/// use values::entry::{Collection, Copied, Form, Indexed};
/// struct Mine;
/// impl Collection for Mine {
///     fn memory_bytes(&self) -> usize { 0 }
///     fn free_effort(&self) -> usize { 0 }
///     fn boxed_copy(&self) -> Copied { Copied::new(Mine) }
/// }
/// impl Indexed for Mine {
///     const FORM: Form = Form::SetIndexed;
/// }
/// ```
pub unsafe trait Indexed: Collection + 'static {
    /// The form that says that an entry points at this type.
    const FORM: Form;
}

/// The number of bytes to allocate for `len` bytes: multiples of 16 up to 128, then four steps for each
/// doubling. These are the sizes that jemalloc rounds to in any case, and growth by them is geometric.
pub const fn allocation_size(len: usize) -> usize {
    if len <= 128 {
        return (len + 15) & !15;
    }
    let step = 1 << ((usize::BITS - 1 - (len - 1).leading_zeros()) - 2);
    (len + step - 1) & !(step - 1)
}

/// A key and its value, owned.
#[repr(transparent)]
pub struct Entry(NonNull<u8>);

// SAFETY: an entry owns its allocation alone; `Indexed` values are `Send + Sync`; the one field that changes
// behind a shared reference, the access clock, is atomic.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

struct Parts {
    key_at: usize,
    key_len: usize,
    value_len: usize,
}

impl Parts {
    fn value_at(&self) -> usize {
        self.key_at + self.key_len
    }

    fn total(&self) -> usize {
        self.key_at + self.key_len + self.value_len
    }
}

fn layout(len: usize) -> Layout {
    Layout::from_size_align(allocation_size(len), 8).expect("an entry is far below isize::MAX")
}

impl Entry {
    /// A new entry with no deadline. `form` must not be an indexed one: see [`Entry::set_indexed`].
    pub fn new(key: &[u8], form: Form, value: &[u8]) -> Entry {
        Entry::build(key, form, None, value.len(), |out| out.copy_from_slice(value))
    }

    /// A new entry whose value of `value_len` bytes `fill` writes, and which may have a deadline.
    pub fn build(
        key: &[u8],
        form: Form,
        deadline_ms: Option<u64>,
        value_len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Entry {
        assert!(!form.is_indexed(), "an indexed value is set by set_indexed");
        let mut entry = Entry::allocate(key, form, deadline_ms, value_len);
        fill(entry.value_mut());
        entry
    }

    fn allocate(key: &[u8], form: Form, deadline_ms: Option<u64>, value_len: usize) -> Entry {
        let deadline_bytes = if deadline_ms.is_some() { DEADLINE_BYTES } else { 0 };
        let lengths_at = DEADLINE_AT + deadline_bytes;
        let key_at = lengths_at + varint::size(key.len()) + varint::size(value_len);
        let total = key_at + key.len() + value_len;
        let layout = layout(total);
        // SAFETY: the layout is never of size zero: the header alone has four bytes.
        let pointer = unsafe { alloc(layout) };
        let Some(pointer) = NonNull::new(pointer) else { handle_alloc_error(layout) };
        // SAFETY: freshly allocated, at least `total` bytes; zeroed first so that the slice is initialised.
        let bytes = unsafe {
            pointer.as_ptr().write_bytes(0, total);
            std::slice::from_raw_parts_mut(pointer.as_ptr(), total)
        };
        bytes[0] = form as u8;
        if let Some(deadline_ms) = deadline_ms {
            bytes[0] |= DEADLINE_FLAG;
            bytes[DEADLINE_AT..lengths_at].copy_from_slice(&deadline_ms.to_le_bytes());
        }
        let key_len_bytes = varint::write(key.len(), &mut bytes[lengths_at..]);
        varint::write(value_len, &mut bytes[lengths_at + key_len_bytes..]);
        bytes[key_at..key_at + key.len()].copy_from_slice(key);
        Entry(pointer)
    }

    /// The entry, to read.
    #[inline]
    pub fn as_ref(&self) -> EntryRef<'_> {
        EntryRef { pointer: self.0, entry: PhantomData }
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        self.as_ref().key()
    }

    /// The bytes of the value: see [`EntryRef::value`].
    #[inline]
    pub fn value(&self) -> &[u8] {
        self.as_ref().value()
    }

    /// How the value is held.
    #[inline]
    pub fn form(&self) -> Form {
        self.as_ref().form()
    }

    /// The type of the value.
    pub fn kind(&self) -> Kind {
        self.form().kind()
    }

    /// When the key expires, in Unix milliseconds; `None` is never.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.as_ref().deadline_ms()
    }

    /// As [`EntryRef::is_timed`].
    #[inline]
    pub fn is_timed(&self) -> bool {
        self.as_ref().is_timed()
    }

    /// The collection that the entry points at. Panics when it is of another form.
    #[inline]
    pub fn indexed<T: Indexed>(&self) -> &T {
        self.as_ref().indexed()
    }

    fn tag(&self) -> u8 {
        self.as_ref().tag()
    }

    fn parts(&self) -> Parts {
        self.as_ref().parts()
    }

    fn set_tag(&mut self, tag: u8) {
        let header = self.as_ref().header();
        header
            .store(header.load(Ordering::Relaxed) & access::HEADER_BITS | u32::from(tag), Ordering::Relaxed);
    }

    #[inline]
    fn value_mut(&mut self) -> &mut [u8] {
        let parts = self.parts();
        // SAFETY: the range lies within the initialised allocation, which `self` owns alone.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr().add(parts.value_at()), parts.value_len) }
    }

    /// Sets or removes the deadline.
    pub fn set_deadline_ms(&mut self, deadline_ms: Option<u64>) {
        match (self.tag() & DEADLINE_FLAG != 0, deadline_ms) {
            (true, Some(deadline_ms)) => {
                // SAFETY: the field is there, initialised and owned alone.
                unsafe {
                    let field = self.0.as_ptr().add(DEADLINE_AT).cast::<[u8; DEADLINE_BYTES]>();
                    field.write(deadline_ms.to_le_bytes());
                }
            }
            (false, None) => {}
            (had, _) => {
                let parts = self.parts();
                let (old_total, moved) = (parts.total(), parts.total() - DEADLINE_AT);
                if had {
                    // SAFETY: both ranges lie within the allocation; it shrinks afterwards.
                    unsafe {
                        let base = self.0.as_ptr().add(DEADLINE_AT);
                        std::ptr::copy(base.add(DEADLINE_BYTES), base, moved - DEADLINE_BYTES);
                    }
                    self.resize(old_total, old_total - DEADLINE_BYTES);
                    self.set_tag(self.tag() & !DEADLINE_FLAG);
                } else {
                    self.resize(old_total, old_total + DEADLINE_BYTES);
                    // SAFETY: the allocation has just grown by the eight bytes that everything moves up.
                    unsafe {
                        let base = self.0.as_ptr().add(DEADLINE_AT);
                        std::ptr::copy(base, base.add(DEADLINE_BYTES), moved);
                    }
                    self.set_tag(self.tag() | DEADLINE_FLAG);
                    self.set_deadline_ms(deadline_ms);
                }
            }
        }
    }

    /// Makes the allocation fit `new_total` bytes; what is beyond `old_total` is zeroed.
    fn resize(&mut self, old_total: usize, new_total: usize) {
        let (old_layout, new_layout) = (layout(old_total), layout(new_total));
        if old_layout != new_layout {
            // SAFETY: allocated with exactly this layout; the new size is not zero.
            let pointer = unsafe { realloc(self.0.as_ptr(), old_layout, new_layout.size()) };
            let Some(pointer) = NonNull::new(pointer) else { handle_alloc_error(new_layout) };
            self.0 = pointer;
        }
        if new_total > old_total {
            // SAFETY: the allocation has at least `new_total` bytes.
            unsafe { self.0.as_ptr().add(old_total).write_bytes(0, new_total - old_total) };
        }
    }

    /// Replaces the value by `value`, held as `form`, which must not be an indexed one.
    pub fn set_value(&mut self, form: Form, value: &[u8]) {
        assert!(!form.is_indexed(), "an indexed value is set by set_indexed");
        self.drop_indexed();
        let mut buffer = EntryBuffer::new(self);
        let old_len = buffer.bytes().len();
        buffer.splice(0, old_len, value.len()).copy_from_slice(value);
        self.set_form(form);
    }

    /// Says that the bytes of the value, which stay, are held as `form`. Neither may be indexed.
    pub fn set_form(&mut self, form: Form) {
        assert!(!form.is_indexed() && !self.form().is_indexed(), "an indexed value is set by set_indexed");
        self.set_tag(self.tag() & DEADLINE_FLAG | form as u8);
    }

    /// The value's bytes, to edit in place. Must not be used on an indexed form.
    pub fn buffer(&mut self) -> EntryBuffer<'_> {
        assert!(!self.form().is_indexed(), "an indexed value has no bytes of its own");
        EntryBuffer::new(self)
    }

    /// As [`Entry::indexed`], to change it.
    #[inline]
    pub fn indexed_mut<T: Indexed>(&mut self) -> &mut T {
        assert!(self.form() == T::FORM, "not of this form");
        // SAFETY: as in `indexed`, and `self` is borrowed exclusively.
        unsafe { &mut *self.as_ref().collection().cast::<T>() }
    }

    /// Takes out the collection that the entry points at. The value's bytes are then meaningless, until another is set.
    /// Panics when it is of another form.
    pub fn take_indexed<T: Indexed>(&mut self) -> Box<T> {
        assert!(self.form() == T::FORM, "not of this form");
        let collection = self.as_ref().collection();
        self.set_tag(self.tag() & DEADLINE_FLAG | Form::Bytes as u8);
        // SAFETY: `T` alone has this form, so the box holds a `T`; the entry, which owned it, has just forgotten it.
        unsafe { Box::from_raw(collection.cast::<T>()) }
    }

    /// Replaces the value by a collection of its own.
    pub fn set_indexed<T: Indexed>(&mut self, collection: Box<T>) {
        self.set_boxed(T::FORM, collection);
    }

    fn set_boxed(&mut self, form: Form, collection: Box<dyn Collection>) {
        self.drop_indexed();
        let mut buffer = EntryBuffer::new(self);
        let old_len = buffer.bytes().len();
        let bytes = buffer.splice(0, old_len, POINTER_BYTES);
        // SAFETY: the slice is exactly as long as the pointer.
        unsafe {
            bytes.as_mut_ptr().cast::<*mut dyn Collection>().write_unaligned(Box::into_raw(collection))
        };
        self.set_tag(self.tag() & DEADLINE_FLAG | form as u8);
    }

    /// Frees the collection behind an indexed form; the value's bytes are then meaningless.
    #[inline]
    fn drop_indexed(&mut self) {
        if self.form().is_indexed() {
            self.drop_collection();
        }
    }

    /// As [`Entry::drop_indexed`], where the form is an indexed one.
    #[cold]
    fn drop_collection(&mut self) {
        // SAFETY: the box is owned by this entry alone, and the form is changed so that it is freed once.
        drop(unsafe { Box::from_raw(self.as_ref().collection()) });
        self.set_tag(self.tag() & DEADLINE_FLAG | Form::Bytes as u8);
    }

    /// The same value and deadline under another key.
    pub fn with_key(mut self, key: &[u8]) -> Entry {
        let mut renamed = Entry::build(key, Form::Bytes, self.deadline_ms(), self.value().len(), |out| {
            out.copy_from_slice(self.value());
        });
        renamed.as_ref().touch(self.as_ref().accessed());
        renamed.set_tag(self.tag());
        // The pointer of an indexed form, if it is one, has moved into the new entry.
        self.set_tag(self.tag() & DEADLINE_FLAG | Form::Bytes as u8);
        renamed
    }
}

/// An entry, borrowed: a pointer that is passed by value, so that what it gives out lives as long as the borrow.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    pointer: NonNull<u8>,
    entry: PhantomData<&'a Entry>,
}

// SAFETY: it is a shared borrow of an `Entry`, which is `Sync`.
unsafe impl Send for EntryRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for EntryRef<'_> {}

impl<'a> EntryRef<'a> {
    /// A header field of `N` bytes at `at`.
    #[inline]
    fn head<const N: usize>(self, at: usize) -> [u8; N] {
        // SAFETY: every allocation has at least 16 bytes, and `at + N` is at most that where this is called:
        // with a deadline the lengths begin at 12, and a varint that reaches past 16 has longer content.
        unsafe { self.pointer.as_ptr().add(at).cast::<[u8; N]>().read() }
    }

    #[inline]
    fn header(self) -> &'a AtomicU32 {
        // SAFETY: the first four bytes are initialised, aligned to 8, and only ever shared as this atomic.
        unsafe { AtomicU32::from_ptr(self.pointer.as_ptr().cast()) }
    }

    #[inline]
    fn tag(self) -> u8 {
        (self.header().load(Ordering::Relaxed) & !access::HEADER_BITS) as u8
    }

    #[inline]
    fn parts(self) -> Parts {
        let at = DEADLINE_AT + DEADLINE_BYTES * usize::from(self.tag() & DEADLINE_FLAG != 0);
        let [key_len, value_len] = self.head(at);
        // One byte for each length, nearly always.
        if (key_len | value_len) < 0x80 {
            return Parts { key_at: at + 2, key_len: key_len.into(), value_len: value_len.into() };
        }
        self.long_parts(at)
    }

    /// As [`EntryRef::parts`], with the lengths, which begin at `at`, in any number of bytes.
    fn long_parts(self, mut at: usize) -> Parts {
        let mut length = || {
            let [first] = self.head(at);
            let mut bytes = [first, 0, 0, 0, 0];
            let len = match first {
                0..0x80 => 1,
                0x80..0xc0 => 2,
                _ => 5,
            };
            for (index, byte) in bytes.iter_mut().enumerate().take(len).skip(1) {
                [*byte] = self.head(at + index);
            }
            at += len;
            varint::read(&bytes).0
        };
        let key_len = length();
        let value_len = length();
        Parts { key_at: at, key_len, value_len }
    }

    #[inline]
    fn slice(self, at: usize, len: usize) -> &'a [u8] {
        // SAFETY: callers pass ranges out of `parts`, which lie within the initialised allocation.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr().add(at), len) }
    }

    /// How the value is held.
    #[inline]
    pub fn form(self) -> Form {
        FORMS[usize::from(self.tag() & !DEADLINE_FLAG) % FORMS.len()]
    }

    /// The type of the value.
    pub fn kind(self) -> Kind {
        self.form().kind()
    }

    /// The key.
    #[inline]
    pub fn key(self) -> &'a [u8] {
        let parts = self.parts();
        self.slice(parts.key_at, parts.key_len)
    }

    /// The bytes of the value: a string, or a packed form. For an indexed form it is a pointer's bytes, of no
    /// use to anyone but [`EntryRef::indexed`].
    #[inline]
    pub fn value(self) -> &'a [u8] {
        let parts = self.parts();
        self.slice(parts.value_at(), parts.value_len)
    }

    /// When the key expires, in Unix milliseconds; `None` is never.
    #[inline]
    pub fn deadline_ms(self) -> Option<u64> {
        (self.tag() & DEADLINE_FLAG != 0).then(|| u64::from_le_bytes(self.head(DEADLINE_AT)))
    }

    /// Whether some of its elements have deadlines of their own.
    #[inline]
    pub fn is_timed(self) -> bool {
        self.tag() & TIMED_FLAG != 0
    }

    /// When the key was last used, or how often.
    pub fn accessed(self) -> Access {
        Access::of_header(self.header().load(Ordering::Relaxed))
    }

    /// Notes a use. Readers may do so at the same time.
    #[inline]
    pub fn touch(self, access: Access) {
        let header = self.header();
        let old = header.load(Ordering::Relaxed);
        let new = old & !access::HEADER_BITS | access.in_header();
        if old != new {
            header.store(new, Ordering::Relaxed);
        }
    }

    /// What an indexed form points at; the form must be one.
    #[inline]
    fn collection(self) -> *mut dyn Collection {
        let value = self.value();
        assert!(value.len() == POINTER_BYTES, "not an indexed form");
        // SAFETY: the form is an indexed one, so `set_indexed` wrote a pointer of this very type there, and nothing else writes such bytes.
        unsafe { value.as_ptr().cast::<*mut dyn Collection>().read_unaligned() }
    }

    /// The collection that the entry points at, whatever its type.
    pub fn any_indexed(self) -> Option<&'a dyn Collection> {
        // SAFETY: the pointer owns a live box; the borrow is tied to the entry's.
        self.form().is_indexed().then(|| unsafe { &*self.collection() })
    }

    /// The collection that the entry points at. Panics when it is of another form.
    #[inline]
    pub fn indexed<T: Indexed>(self) -> &'a T {
        assert!(self.form() == T::FORM, "not of this form");
        // SAFETY: `T` alone has this form, so the box holds a `T`; the borrow is tied to the entry's.
        unsafe { &*self.collection().cast::<T>() }
    }

    /// A copy of the value and deadline under `key`.
    pub fn copy_to(self, key: &[u8]) -> Entry {
        let copied = self.any_indexed().map(Collection::boxed_copy);
        let value: &[u8] = if copied.is_some() { &[] } else { self.value() };
        let form = if copied.is_some() { Form::Bytes } else { self.form() };
        let mut copy =
            Entry::build(key, form, self.deadline_ms(), value.len(), |out| out.copy_from_slice(value));
        if let Some(Copied { form, collection }) = copied {
            copy.set_boxed(form, collection);
        }
        copy
    }

    /// As [`Collection::prefetch`], where there is one.
    #[inline]
    pub fn prefetch(self, hash: u64, stage: Stage) {
        if let Some(collection) = self.any_indexed() {
            collection.prefetch(hash, stage);
        }
    }

    /// Bytes of memory held by the entry and what it points at.
    pub fn memory_bytes(self) -> usize {
        allocation_size(self.parts().total()) + self.any_indexed().map_or(0, Collection::memory_bytes)
    }

    /// How many allocations dropping it frees.
    pub fn free_effort(self) -> usize {
        1 + self.any_indexed().map_or(0, Collection::free_effort)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.drop_indexed();
        // SAFETY: allocated with exactly this layout and freed once.
        unsafe { dealloc(self.0.as_ptr(), layout(self.parts().total())) };
    }
}

// SAFETY: the word is the address of an owned allocation: not zero, within 48 bits on the platforms that Esker
// runs on, with the whole entry behind it; `from_word` restores it.
unsafe impl Element for Entry {
    fn into_word(self) -> u64 {
        let word = self.0.as_ptr().expose_provenance() as u64;
        std::mem::forget(self);
        word
    }

    unsafe fn from_word(word: u64) -> Entry {
        let pointer = std::ptr::with_exposed_provenance_mut(word as usize);
        // SAFETY: the caller passes a word that `into_word` gave, which was not null.
        Entry(unsafe { NonNull::new_unchecked(pointer) })
    }

    #[inline]
    fn hash_key(&self) -> u64 {
        base::hash::hash(self.key())
    }
}

impl<'a> From<Ref<'a, Entry>> for EntryRef<'a> {
    fn from(entry: Ref<'a, Entry>) -> EntryRef<'a> {
        EntryRef { pointer: entry.0, entry: PhantomData }
    }
}

/// The value's bytes within an [`Entry`]: editing them moves the entry where its length asks for it.
pub struct EntryBuffer<'a> {
    entry: &'a mut Entry,
    /// The entry's, so that an edit reads them once.
    parts: Parts,
}

impl<'a> EntryBuffer<'a> {
    #[inline]
    fn new(entry: &'a mut Entry) -> EntryBuffer<'a> {
        let parts = entry.parts();
        EntryBuffer { entry, parts }
    }
}

impl Buffer for EntryBuffer<'_> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        // SAFETY: the parts are the entry's at all times; they lie within its initialised allocation.
        unsafe {
            std::slice::from_raw_parts(self.entry.0.as_ptr().add(self.parts.value_at()), self.parts.value_len)
        }
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the entry is borrowed exclusively.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.entry.0.as_ptr().add(self.parts.value_at()),
                self.parts.value_len,
            )
        }
    }

    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        let Parts { key_at, key_len, value_len } = self.parts;
        assert!(at + removed <= value_len, "splice beyond the end");
        if inserted == removed {
            return &mut self.bytes_mut()[at..at + inserted];
        }
        let new_len = value_len - removed + inserted;
        let new_len_bytes = varint::size(new_len);
        let len_at = key_at - varint::size(value_len);
        let new = Parts { key_at: len_at + new_len_bytes, key_len, value_len: new_len };
        let (old_total, new_total) = (self.parts.total(), new.total());
        let tail_len = value_len - at - removed;
        let tail_from = self.parts.value_at() + at + removed;
        let tail_to = new.value_at() + at + inserted;
        if new_total > old_total {
            self.entry.resize(old_total, new_total);
        }
        let base = self.entry.0.as_ptr();
        // The key and what is before the edit move where the length before them grows or shrinks.
        let move_head = || {
            if new.key_at != key_at {
                // SAFETY: both ranges lie within the larger of the old and the new total.
                unsafe { std::ptr::copy(base.add(key_at), base.add(new.key_at), key_len + at) };
            }
        };
        // SAFETY: as for the head. Whichever of head and tail would be overwritten by the other's move is moved
        // first.
        let move_tail = || unsafe { std::ptr::copy(base.add(tail_from), base.add(tail_to), tail_len) };
        if tail_to >= tail_from {
            move_tail();
            move_head();
        } else {
            move_head();
            move_tail();
        }
        // SAFETY: the length's bytes lie between the key's length and the key.
        let len_field = unsafe { std::slice::from_raw_parts_mut(base.add(len_at), new_len_bytes) };
        varint::write(new_len, len_field);
        if new_total < old_total {
            self.entry.resize(old_total, new_total);
        }
        self.parts = new;
        &mut self.bytes_mut()[at..at + inserted]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Counting;

    const COUNTING: Counting = Counting { log_factor: 10, decay_minutes: 1 };

    struct Numbers(Vec<u64>);

    // SAFETY: these tests make no entry with the set that has this form otherwise.
    unsafe impl Indexed for Numbers {
        const FORM: Form = Form::SetIndexed;
    }

    impl Collection for Numbers {
        fn memory_bytes(&self) -> usize {
            self.0.capacity() * 8
        }

        fn free_effort(&self) -> usize {
            1
        }

        fn boxed_copy(&self) -> Copied {
            Copied::new(Numbers(self.0.clone()))
        }
    }

    #[test]
    fn sizes_are_the_allocators_classes() {
        let classes: Vec<usize> =
            [1, 16, 17, 128, 129, 161, 256, 257, 321, 1000, 5000].map(allocation_size).into();
        assert_eq!(classes, [16, 16, 32, 128, 160, 192, 256, 320, 384, 1024, 5120]);
    }

    #[test]
    fn editing_agrees_with_a_vector_at_every_length() {
        let mut state = 88_172_645_463_325_252u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for round in 0..if cfg!(miri) { 3 } else { 200 } {
            let key = vec![b'k'; [0, 5, 127, 128, 300, 20_000][round % 6]];
            let mut entry = Entry::new(&key, Form::Bytes, b"");
            let mut model = Vec::new();
            let mut deadline = None;
            for step in 0..60usize {
                if random(4) == 0 {
                    deadline = (random(2) == 0).then_some(step as u64 + 1);
                    entry.set_deadline_ms(deadline);
                }
                let at = random(model.len() + 1);
                let removed = random(model.len() - at + 1);
                let longest = [4, 40, 200, 17_000][random(4)];
                let inserted = random(longest);
                let mut buffer = entry.buffer();
                buffer.splice(at, removed, inserted).fill(step as u8);
                model.splice(at..at + removed, std::iter::repeat_n(step as u8, inserted));
                let access = match random(2) {
                    0 => Access::at(step as u64 * 1000),
                    _ => Access::at(0).count_use(step as u64 * 60_000, COUNTING, step as u64),
                };
                entry.as_ref().touch(access);
                assert!(entry.key() == key && entry.value() == model, "round {round}, step {step}");
                assert_eq!((entry.deadline_ms(), entry.as_ref().accessed()), (deadline, access));
            }
        }
    }

    #[test]
    fn an_indexed_value_is_found_again_renamed_copied_and_freed() {
        let mut entry = Entry::new(b"key", Form::SetPacked, b"packed");
        entry.set_deadline_ms(Some(7));
        entry.set_indexed(Box::new(Numbers(vec![1, 2])));
        entry.indexed_mut::<Numbers>().0.push(3);
        let copy = entry.as_ref().copy_to(b"copy");
        let renamed = entry.with_key(b"a much longer key than before");
        assert_eq!(renamed.indexed::<Numbers>().0, [1, 2, 3]);
        assert_eq!(copy.indexed::<Numbers>().0, [1, 2, 3]);
        assert_eq!((copy.key(), renamed.kind(), copy.deadline_ms()), (&b"copy"[..], Kind::Set, Some(7)));
        let mut copy = copy;
        copy.set_value(Form::Bytes, b"text");
        assert_eq!((copy.value(), copy.kind()), (&b"text"[..], Kind::String));
    }
}
