//! Replies: what the server writes, in the version of the protocol that the client asked for.
//!
//! A command states what it answers (a map, a double, nothing) and [`Reply`] finds the form that the client's
//! version has for it, as Redis 7.2 does (the `addReply` family in its `networking.c`). Every writer appends;
//! nothing that has been written is read again.

use base::number::format_double;

use crate::ProtocolError;

/// The version of the protocol that a client speaks: RESP2 until it asks for RESP3 with `HELLO 3`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// Strings, integers, arrays, errors and two nulls.
    Resp2,
    /// With maps, sets, doubles, booleans, verbatim strings, attributes and pushes as well.
    Resp3,
}

/// An output buffer, and the version to speak in it.
#[derive(Clone, Debug)]
pub struct Reply {
    buffer: Vec<u8>,
    version: Version,
    bytes_max: usize,
    is_given_up: bool,
}

/// The place of a header that will be written once the number of elements is known: see [`Reply::begin`].
#[derive(Clone, Copy, Debug)]
#[must_use = "an aggregate that has begun must end"]
pub struct Mark(usize);

/// The longest header: a type, a number and a line end.
const HEADER_BYTES_MAX: usize = 1 + 20 + 2;

impl Reply {
    /// An empty buffer.
    pub fn new(version: Version) -> Self {
        Self { buffer: Vec::new(), version, bytes_max: usize::MAX, is_given_up: false }
    }

    /// The version spoken.
    #[inline]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Speaks another version from here on.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Says beyond which length a reply may be given up: see [`give_up_if_too_long`](Self::give_up_if_too_long).
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// Whether more has been written than anyone will send. A command whose reply is bounded by nothing but a number
    /// in the request asks before each element, and ends when the answer is yes: the reply is unfinished then, and
    /// the connection cannot go on.
    #[inline]
    pub fn give_up_if_too_long(&mut self) -> bool {
        self.is_given_up |= self.buffer.len() > self.bytes_max;
        self.is_given_up
    }

    /// Whether a reply has been given up since the buffer was last cleared.
    #[inline]
    pub fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// How many bytes have been written.
    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing has been written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// What has been written.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// How many bytes fit before the buffer grows.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Makes room for `bytes` more.
    pub fn reserve(&mut self, bytes: usize) {
        self.buffer.reserve(bytes);
    }

    /// Gives back memory beyond `bytes` or what is written, whichever is more.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.buffer.shrink_to(bytes);
    }

    /// Drops what has been written and keeps the memory.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.is_given_up = false;
    }

    /// Drops what has been written behind the first `len` bytes: a reply taken back.
    pub fn truncate(&mut self, len: usize) {
        self.buffer.truncate(len);
    }

    /// Takes what has been written, leaving an empty buffer.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// What has been written.
    pub fn into_vec(self) -> Vec<u8> {
        self.buffer
    }

    /// Bytes that are encoded already.
    #[inline]
    pub fn raw(&mut self, encoded: &[u8]) {
        self.buffer.extend_from_slice(encoded);
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.raw(b"+OK\r\n");
    }

    /// `+QUEUED`, of a command within `MULTI`.
    #[inline]
    pub fn queued(&mut self) {
        self.raw(b"+QUEUED\r\n");
    }

    /// A simple string. Line breaks, which it cannot hold, become spaces.
    #[inline]
    pub fn simple(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'+', text.as_ref());
    }

    /// An error: the code, a space and the text in one, such as `ERR syntax error`. As in Redis, line breaks
    /// at the ends are dropped and others become spaces.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let text = text.as_ref();
        let start = text.iter().position(|byte| !is_break(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !is_break(byte)).map_or(start, |last| last + 1);
        self.line(b'-', &text[start..end]);
    }

    /// The last reply on a connection whose client broke the protocol.
    pub fn protocol_error(&mut self, error: &ProtocolError) {
        self.error([b"ERR Protocol error: ", &*error.text()].concat());
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        if (0..1000).contains(&value) {
            self.header(b':', value as usize);
        } else {
            self.long_integer(value);
        }
    }

    /// A bulk string: any bytes.
    #[inline]
    #[allow(
        unsafe_code,
        reason = "one check for room instead of three: 39 instructions for each element of LRANGE instead of 76"
    )]
    pub fn bulk(&mut self, bytes: &[u8]) {
        let Some(header) = SHORT_HEADERS.get(bytes.len()) else { return self.long_bulk(bytes) };
        let header_bytes = (header >> 56) as usize;
        self.buffer.reserve(size_of::<u64>() + bytes.len() + 2);
        let len = self.buffer.len();
        // SAFETY: there is room for the header's eight bytes, of which fewer count, and then `bytes` and the line end,
        // which follow those that count; up to the new length all is written. A shared slice does not overlap what
        // is borrowed exclusively.
        unsafe {
            let to = self.buffer.as_mut_ptr().add(len);
            to.cast::<[u8; 8]>().write((header | u64::from(b'$')).to_le_bytes());
            let to = to.add(header_bytes);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            to.add(bytes.len()).cast::<[u8; 2]>().write(*b"\r\n");
            self.buffer.set_len(len + header_bytes + bytes.len() + 2);
        }
    }

    fn long_bulk(&mut self, bytes: &[u8]) {
        self.buffer.reserve(HEADER_BYTES_MAX + bytes.len() + 2);
        self.header(b'$', bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An integer as a bulk string.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// Nothing, where a string or any single value might have been.
    #[inline]
    pub fn null(&mut self) {
        match self.version {
            Version::Resp2 => self.raw(b"$-1\r\n"),
            Version::Resp3 => self.raw(b"_\r\n"),
        }
    }

    /// Nothing, where an array might have been.
    #[inline]
    pub fn null_array(&mut self) {
        match self.version {
            Version::Resp2 => self.raw(b"*-1\r\n"),
            Version::Resp3 => self.raw(b"_\r\n"),
        }
    }

    /// A double; a bulk string in RESP2.
    pub fn double(&mut self, value: f64) {
        let text = format_double(value);
        match self.version {
            Version::Resp2 => self.bulk(&text),
            Version::Resp3 => self.line(b',', &text),
        }
    }

    /// Whether something is so; 1 or 0 in RESP2.
    pub fn boolean(&mut self, value: bool) {
        self.raw(match (self.version, value) {
            (Version::Resp2, false) => b":0\r\n",
            (Version::Resp2, true) => b":1\r\n",
            (Version::Resp3, false) => b"#f\r\n",
            (Version::Resp3, true) => b"#t\r\n",
        });
    }

    /// An integer of any size, in decimal; a bulk string in RESP2.
    pub fn big_number(&mut self, digits: &str) {
        match self.version {
            // What a script says is a number may be any text, and has no line ends in either version.
            Version::Resp2 => self.bulk(digits.replace(['\r', '\n'], " ").as_bytes()),
            Version::Resp3 => self.line(b'(', digits.as_bytes()),
        }
    }

    /// A text to be shown as it is, with its format in three bytes (`txt`, `mkd`); a bulk string in RESP2.
    ///
    /// # Panics
    /// If the format has another length.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        assert_eq!(format.len(), 3, "the format of a verbatim string has three bytes");
        match self.version {
            Version::Resp2 => self.bulk(text),
            Version::Resp3 => {
                self.header(b'=', format.len() + 1 + text.len());
                self.raw(format.as_bytes());
                self.raw(b":");
                self.raw(text);
                self.raw(b"\r\n");
            }
        }
    }

    /// The header of an array of `len` elements, which follow.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len);
    }

    /// The header of a map of `len` pairs, which follow as key, value, key, value; in RESP2 an array of all
    /// these.
    #[inline]
    pub fn map(&mut self, len: usize) {
        let (sigil, len) = self.map_header(len);
        self.header(sigil, len);
    }

    /// The header of a set of `len` elements, which follow; an array in RESP2.
    #[inline]
    pub fn set(&mut self, len: usize) {
        self.header(self.or_array(b'~'), len);
    }

    /// The header of a push of `len` elements, which follow: a message that answers no request. An array in
    /// RESP2.
    #[inline]
    pub fn push(&mut self, len: usize) {
        self.header(self.or_array(b'>'), len);
    }

    /// The header of an attribute of `len` pairs, which follow; the value they are about comes next.
    ///
    /// # Panics
    /// In RESP2, which has none: ask [`version`](Self::version) first.
    pub fn attribute(&mut self, len: usize) {
        assert_eq!(self.version, Version::Resp3, "RESP2 has no attributes");
        self.header(b'|', len);
    }

    /// An array of nothing.
    #[inline]
    pub fn empty_array(&mut self) {
        self.array(0);
    }

    /// A map of nothing.
    #[inline]
    pub fn empty_map(&mut self) {
        self.map(0);
    }

    /// A set of nothing.
    #[inline]
    pub fn empty_set(&mut self) {
        self.set(0);
    }

    /// Begins an aggregate whose number of elements is not known yet. Write the elements, then end it with
    /// the mark. One may begin within another if it ends there too. Ending moves what was written in between
    /// by a few bytes: use [`array`](Self::array) and its kin where the number is known.
    pub fn begin(&self) -> Mark {
        Mark(self.buffer.len())
    }

    /// Ends what began at `mark` as an array of `len` elements.
    pub fn end_array(&mut self, mark: Mark, len: usize) {
        self.end(mark, b'*', len);
    }

    /// Ends what began at `mark` as a map of `len` pairs.
    pub fn end_map(&mut self, mark: Mark, len: usize) {
        let (sigil, len) = self.map_header(len);
        self.end(mark, sigil, len);
    }

    /// Ends what began at `mark` as a set of `len` elements.
    pub fn end_set(&mut self, mark: Mark, len: usize) {
        self.end(mark, self.or_array(b'~'), len);
    }

    /// Ends what began at `mark` as a push of `len` elements.
    pub fn end_push(&mut self, mark: Mark, len: usize) {
        self.end(mark, self.or_array(b'>'), len);
    }

    fn map_header(&self, pairs: usize) -> (u8, usize) {
        match self.version {
            Version::Resp2 => (b'*', 2 * pairs),
            Version::Resp3 => (b'%', pairs),
        }
    }

    fn or_array(&self, sigil: u8) -> u8 {
        match self.version {
            Version::Resp2 => b'*',
            Version::Resp3 => sigil,
        }
    }

    /// Puts a header before what was written since `mark`.
    fn end(&mut self, mark: Mark, sigil: u8, len: usize) {
        let Mark(start) = mark;
        let written = self.buffer.len();
        assert!(start <= written, "what began has been taken back");
        self.header(sigil, len);
        self.buffer[start..].rotate_left(written - start);
    }

    /// A type and a number. The small ones are by far the most: each is one store of eight bytes, of which some are
    /// taken back.
    #[inline]
    fn header(&mut self, sigil: u8, number: usize) {
        let Some(header) = SHORT_HEADERS.get(number) else {
            return self.long_header(sigil, itoa::Buffer::new().format(number));
        };
        let end = self.buffer.len() + (header >> 56) as usize;
        self.buffer.extend_from_slice(&(header | u64::from(sigil)).to_le_bytes());
        self.buffer.truncate(end);
    }

    fn long_integer(&mut self, value: i64) {
        self.long_header(b':', itoa::Buffer::new().format(value));
    }

    fn long_header(&mut self, sigil: u8, digits: &str) {
        self.buffer.reserve(HEADER_BYTES_MAX);
        self.buffer.push(sigil);
        self.buffer.extend_from_slice(digits.as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// A type and a text that must not break the line.
    fn line(&mut self, sigil: u8, text: &[u8]) {
        self.buffer.reserve(1 + text.len() + 2);
        self.buffer.push(sigil);
        let start = self.buffer.len();
        self.buffer.extend_from_slice(text);
        if memchr::memchr2(b'\r', b'\n', text).is_some() {
            for byte in &mut self.buffer[start..] {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        self.buffer.extend_from_slice(b"\r\n");
    }
}

/// The numbers below 1,000, each with room for a type before it and its line end behind, and, in the highest byte,
/// how long that is.
static SHORT_HEADERS: [u64; 1000] = short_headers();

const fn short_headers() -> [u64; 1000] {
    let mut headers = [0; 1000];
    let mut number = 0;
    while number < headers.len() {
        let (mut header, mut len) = (0, 1);
        let mut power = if number < 10 {
            1
        } else if number < 100 {
            10
        } else {
            100
        };
        while power > 0 {
            header |= (b'0' as u64 + (number / power % 10) as u64) << (8 * len);
            len += 1;
            power /= 10;
        }
        header |= (u16::from_le_bytes(*b"\r\n") as u64) << (8 * len);
        headers[number] = header | (len + 2) << 56;
        number += 1;
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `write` writes in each version.
    #[track_caller]
    fn check(write: impl Fn(&mut Reply), resp2: &str, resp3: &str) {
        for (version, expected) in [(Version::Resp2, resp2), (Version::Resp3, resp3)] {
            let mut reply = Reply::new(version);
            write(&mut reply);
            assert_eq!(String::from_utf8_lossy(reply.as_bytes()), expected, "{version:?}");
        }
    }

    #[test]
    fn bulk_strings_of_every_length_around_the_short_ones() {
        let mut reply = Reply::new(Version::Resp2);
        let mut expected = Vec::new();
        for length in (0..130).chain(990..1010) {
            let bytes = vec![b'x'; length];
            reply.bulk(&bytes);
            reply.array(length);
            expected.extend_from_slice(format!("${length}\r\n").as_bytes());
            expected.extend_from_slice(&bytes);
            expected.extend_from_slice(format!("\r\n*{length}\r\n").as_bytes());
            assert!(reply.as_bytes() == expected, "{length}");
        }
    }

    #[test]
    fn what_both_versions_write_alike() {
        let same = |write: fn(&mut Reply), expected: &str| check(write, expected, expected);
        same(Reply::ok, "+OK\r\n");
        same(Reply::queued, "+QUEUED\r\n");
        same(|r| r.simple("PONG"), "+PONG\r\n");
        same(|r| r.simple("a\r\nb"), "+a  b\r\n");
        same(|r| r.bulk(b""), "$0\r\n\r\n");
        same(|r| r.bulk(b"a\r\nb"), "$4\r\na\r\nb\r\n");
        same(|r| r.bulk_integer(-42), "$3\r\n-42\r\n");
        same(|r| r.raw(b"+x\r\n"), "+x\r\n");
        same(Reply::empty_array, "*0\r\n");
    }

    #[test]
    fn numbers_of_every_width() {
        for number in [0, 9, 10, 99, 100, 101, 999, 1000, 12345, i64::MAX, -1, -10, i64::MIN] {
            let expected = format!(":{number}\r\n");
            check(|r| r.integer(number), &expected, &expected);
        }
        for len in [0, 9, 10, 99, 100, 999, 1000, 70_000] {
            let text = "x".repeat(len);
            let expected = format!("${len}\r\n{text}\r\n");
            check(|r| r.bulk(text.as_bytes()), &expected, &expected);
        }
        let expected = format!("*{}\r\n", usize::MAX);
        check(|r| r.array(usize::MAX), &expected, &expected);
    }

    #[test]
    fn what_the_versions_write_differently() {
        check(Reply::null, "$-1\r\n", "_\r\n");
        check(Reply::null_array, "*-1\r\n", "_\r\n");
        check(Reply::empty_map, "*0\r\n", "%0\r\n");
        check(Reply::empty_set, "*0\r\n", "~0\r\n");
        check(|r| r.map(3), "*6\r\n", "%3\r\n");
        check(|r| r.set(3), "*3\r\n", "~3\r\n");
        check(|r| r.push(3), "*3\r\n", ">3\r\n");
        check(|r| r.boolean(true), ":1\r\n", "#t\r\n");
        check(|r| r.boolean(false), ":0\r\n", "#f\r\n");
        check(|r| r.double(1.1), "$3\r\n1.1\r\n", ",1.1\r\n");
        check(|r| r.double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
        check(|r| r.double(f64::NAN), "$3\r\nnan\r\n", ",nan\r\n");
        check(
            |r| r.big_number("123456789012345678901"),
            "$21\r\n123456789012345678901\r\n",
            "(123456789012345678901\r\n",
        );
        check(|r| r.verbatim("txt", b"a\r\nb"), "$4\r\na\r\nb\r\n", "=8\r\ntxt:a\r\nb\r\n");
    }

    #[test]
    fn attributes_are_of_resp3() {
        let mut reply = Reply::new(Version::Resp3);
        reply.attribute(1);
        assert_eq!(reply.as_bytes(), b"|1\r\n");
    }

    #[test]
    fn errors_stay_on_their_line() {
        let same = |text: &[u8], expected: &str| check(|r| r.error(text), expected, expected);
        same(b"ERR syntax error", "-ERR syntax error\r\n");
        same(b"ERR unknown command 'a\r\nb'\n", "-ERR unknown command 'a  b'\r\n");
        same(b"\r\n\r\n", "-\r\n");
        same(b"", "-\r\n");
    }

    #[test]
    fn protocol_errors_quote_the_byte() {
        let mut reply = Reply::new(Version::Resp2);
        for byte in [b'x', b'\r', 0xff] {
            reply.protocol_error(&ProtocolError::ExpectedBulk(byte));
        }
        let expected: &[u8] = b"-ERR Protocol error: expected '$', got 'x'\r\n\
            -ERR Protocol error: expected '$', got ' '\r\n\
            -ERR Protocol error: expected '$', got '\xff'\r\n";
        assert_eq!(reply.as_bytes(), expected);
    }

    #[test]
    fn an_aggregate_may_learn_its_length_at_its_end() {
        let write = |reply: &mut Reply| {
            reply.ok();
            let outer = reply.begin();
            reply.integer(1);
            let map = reply.begin();
            for _ in 0..600 {
                reply.bulk(b"key");
                reply.null();
            }
            reply.end_map(map, 600);
            let set = reply.begin();
            reply.end_set(set, 0);
            reply.end_array(outer, 3);
            let push = reply.begin();
            reply.integer(2);
            reply.end_push(push, 1);
        };
        let pairs = |null: &str| format!("$3\r\nkey\r\n{null}\r\n").repeat(600);
        check(
            write,
            &format!("+OK\r\n*3\r\n:1\r\n*1200\r\n{}*0\r\n*1\r\n:2\r\n", pairs("$-1")),
            &format!("+OK\r\n*3\r\n:1\r\n%600\r\n{}~0\r\n>1\r\n:2\r\n", pairs("_")),
        );
    }

    #[test]
    fn what_is_written_can_be_taken_and_taken_back() {
        let mut reply = Reply::new(Version::Resp2);
        assert!(reply.is_empty());
        reply.ok();
        let len = reply.len();
        reply.set_version(Version::Resp3);
        assert_eq!(reply.version(), Version::Resp3);
        reply.null();
        reply.truncate(len);
        assert_eq!(reply.take(), b"+OK\r\n");
        assert!(reply.is_empty() && reply.version() == Version::Resp3);
        reply.reserve(100);
        reply.null();
        assert!(reply.capacity() >= 100);
        reply.shrink_to(10);
        assert_eq!(reply.clone().into_vec(), b"_\r\n");
        reply.clear();
        assert!(reply.is_empty());
    }
}
