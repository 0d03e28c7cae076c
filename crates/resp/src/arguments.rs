//! The arguments of one request: ranges of a buffer, borrowed from the connection's input or owned.

use std::fmt;
use std::ops::Index;

use crate::ProtocolError;
use crate::inline;

/// Where one argument lies in the buffer that holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The arguments of one request, the command's name first; as cheap to copy as two slices.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Arguments<'a> {
    /// Every span lies within `bytes`.
    pub(crate) fn new(bytes: &'a [u8], spans: &'a [Span]) -> Self {
        Self { bytes, spans }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The argument at `index`, counted from 0, if there are so many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| &self.bytes[span.start..span.end])
    }

    /// All of them in order.
    #[inline]
    pub fn iter(&self) -> ArgumentsIter<'a> {
        ArgumentsIter { bytes: self.bytes, spans: self.spans.iter() }
    }

    /// The first `count`; all if there are no more than that.
    #[inline]
    pub fn first(&self, count: usize) -> Arguments<'a> {
        Self { bytes: self.bytes, spans: self.spans.get(..count).unwrap_or(self.spans) }
    }

    /// Those from `count` on; none if there are no more than that.
    #[inline]
    pub fn skip(&self, count: usize) -> Arguments<'a> {
        Self { bytes: self.bytes, spans: self.spans.get(count..).unwrap_or_default() }
    }
}

impl Index<usize> for Arguments<'_> {
    type Output = [u8];

    /// # Panics
    /// Where there is no such argument, as slices do.
    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        let span = self.spans[index];
        &self.bytes[span.start..span.end]
    }
}

impl<'a> IntoIterator for Arguments<'a> {
    type Item = &'a [u8];
    type IntoIter = ArgumentsIter<'a>;

    #[inline]
    fn into_iter(self) -> ArgumentsIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|argument| argument.escape_ascii().to_string())).finish()
    }
}

impl PartialEq for Arguments<'_> {
    /// Equal contents, wherever they lie.
    fn eq(&self, other: &Arguments<'_>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Arguments<'_> {}

/// The iterator of [`Arguments::iter`].
#[derive(Clone)]
pub struct ArgumentsIter<'a> {
    bytes: &'a [u8],
    spans: std::slice::Iter<'a, Span>,
}

impl<'a> Iterator for ArgumentsIter<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.spans.next().map(|span| &self.bytes[span.start..span.end])
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl DoubleEndedIterator for ArgumentsIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.spans.next_back().map(|span| &self.bytes[span.start..span.end])
    }
}

impl ExactSizeIterator for ArgumentsIter<'_> {}

/// Arguments that outlive the input they came in: of a transaction's queue, of a blocked client.
///
/// One allocation for the bytes and one for where they lie, whatever their number.
#[derive(Clone)]
pub struct OwnedArguments {
    bytes: Box<[u8]>,
    spans: Box<[Span]>,
}

impl OwnedArguments {
    /// The parts as arguments, in order.
    pub fn from_parts(parts: &[impl AsRef<[u8]>]) -> Self {
        Self::collect(parts.iter().map(AsRef::as_ref))
    }

    /// Splits a line as an inline request is split: at blanks, with single and double quotes.
    ///
    /// # Errors
    /// [`ProtocolError::UnbalancedQuotes`].
    pub fn from_line(line: &[u8]) -> Result<Self, ProtocolError> {
        let (mut bytes, mut spans) = (Vec::new(), Vec::new());
        inline::split(line, &mut bytes, &mut spans)?;
        Ok(Self { bytes: bytes.into(), spans: spans.into() })
    }

    /// Bytes of all of them together.
    #[inline]
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Lends them in the form that commands take.
    #[inline]
    pub fn as_arguments(&self) -> Arguments<'_> {
        Arguments::new(&self.bytes, &self.spans)
    }

    /// The memory they hold, in bytes, this handle included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + size_of_val(&*self.spans)
    }

    fn collect<'a>(parts: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Self {
        let mut bytes = Vec::with_capacity(parts.clone().map(<[u8]>::len).sum());
        let spans = parts
            .map(|part| {
                let start = bytes.len();
                bytes.extend_from_slice(part);
                Span { start, end: bytes.len() }
            })
            .collect();
        Self { bytes: bytes.into(), spans }
    }
}

/// Arguments that are put together one by one, in memory that is used again and again.
#[derive(Debug, Default)]
pub struct ArgumentsBuffer {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl ArgumentsBuffer {
    /// Forgets the arguments and keeps the memory, up to `bytes_max`.
    pub fn clear(&mut self, bytes_max: usize) {
        self.bytes.clear();
        self.spans.clear();
        self.bytes.shrink_to(bytes_max);
        self.spans.shrink_to(bytes_max / size_of::<Span>());
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, argument: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(argument);
        self.spans.push(Span { start, end: self.bytes.len() });
    }

    /// Bytes of all of them together.
    #[inline]
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Lends them in the form that commands take.
    #[inline]
    pub fn as_arguments(&self) -> Arguments<'_> {
        Arguments::new(&self.bytes, &self.spans)
    }
}

impl From<Arguments<'_>> for OwnedArguments {
    fn from(arguments: Arguments<'_>) -> Self {
        Self::collect(arguments.iter())
    }
}

impl fmt::Debug for OwnedArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_arguments().fmt(f)
    }
}

impl PartialEq for OwnedArguments {
    fn eq(&self, other: &Self) -> bool {
        self.as_arguments() == other.as_arguments()
    }
}

impl Eq for OwnedArguments {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_by_index_in_order_and_from_an_offset() {
        let owned = OwnedArguments::from_parts(&["set", "", "value"]);
        let arguments = owned.as_arguments();
        assert_eq!((arguments.len(), arguments.is_empty()), (3, false));
        assert_eq!((&arguments[0], &arguments[1], &arguments[2]), (&b"set"[..], &b""[..], &b"value"[..]));
        assert_eq!((arguments.get(2), arguments.get(3)), (Some(&b"value"[..]), None));
        assert_eq!(arguments.iter().rev().collect::<Vec<_>>(), [&b"value"[..], b"", b"set"]);
        assert_eq!(arguments.iter().len(), 3);
        assert_eq!(arguments.skip(1), OwnedArguments::from_parts(&["", "value"]).as_arguments());
        assert_eq!(arguments.first(1), OwnedArguments::from_parts(&["set"]).as_arguments());
        assert_eq!(arguments.first(4), arguments);
        assert!(arguments.skip(3).is_empty() && arguments.skip(4).is_empty());
        assert_eq!(format!("{arguments:?}"), r#"["set", "", "value"]"#);
    }

    #[test]
    fn a_buffer_is_used_again() {
        let mut buffer = ArgumentsBuffer::default();
        for words in [&["set", "key", "value"][..], &["get", ""], &[]] {
            buffer.clear(16);
            words.iter().for_each(|word| buffer.push(word.as_bytes()));
            assert_eq!(buffer.as_arguments(), OwnedArguments::from_parts(words).as_arguments());
        }
    }

    #[test]
    fn a_copy_keeps_the_arguments_and_knows_what_it_costs() {
        let whole = OwnedArguments::from_parts(&["mset", "a", "1", "b", "2"]);
        let part = OwnedArguments::from(whole.as_arguments().skip(3));
        assert_eq!(part, OwnedArguments::from_parts(&["b", "2"]));
        assert_ne!(part, OwnedArguments::from_parts(&["b2", ""]));
        let handle = size_of::<OwnedArguments>();
        assert_eq!(part.memory_bytes() - handle, 2 + 2 * size_of::<Span>());
        assert_eq!(OwnedArguments::from_parts(&[""; 0]).memory_bytes(), handle);
    }
}
