//! Requests: the arrays of bulk strings that clients send, and the inline lines that people type.
//!
//! [`RequestParser`] keeps what it has understood between calls, so that a request arriving in pieces is never read
//! twice, and copies nothing: it remembers where in the caller's input the arguments lie. What it accepts, and in which
//! order it objects, is Redis 7.2's (`processInlineBuffer` and `processMultibulkBuffer` in its `networking.c`); like
//! Redis it takes any byte for the line feed of a header and any two bytes for the line end behind an argument. Where
//! Redis' answer to a line longer than its limit depends on how the line was cut into reads, the strictest holds, so
//! that here the same bytes always mean the same.

use crate::ProtocolError;
use crate::arguments::{Arguments, Span};
use crate::inline;
use crate::number::parse_i64;

/// How many arguments a client may send before it has authenticated, where it must.
pub const UNAUTHENTICATED_ARGUMENTS_MAX: usize = 10;

/// How long an argument may be before its client has authenticated, where it must.
pub const UNAUTHENTICATED_BULK_BYTES_MAX: usize = 16 * 1024;

/// How many arguments' places are kept allocated from one request to the next.
const SPANS_KEPT: usize = 1024;

/// How much of the text of an inline request is kept allocated from one request to the next.
const INLINE_BYTES_KEPT: usize = 1024;

/// What a request may measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestLimits {
    /// The longest argument: Redis' `proto-max-bulk-len`. Of no effect on inline requests, as in Redis.
    pub bulk_bytes_max: usize,
    /// The most arguments.
    pub arguments_max: usize,
    /// The longest line, line end aside: an inline request, or the header of a request or of an argument.
    pub inline_bytes_max: usize,
    /// Whether the client has yet to authenticate and is held to [`UNAUTHENTICATED_ARGUMENTS_MAX`] and
    /// [`UNAUTHENTICATED_BULK_BYTES_MAX`] as well.
    pub unauthenticated: bool,
}

impl Default for RequestLimits {
    /// Redis' defaults, for an authenticated client.
    fn default() -> Self {
        Self {
            bulk_bytes_max: 512 * 1024 * 1024,
            arguments_max: i32::MAX as usize,
            inline_bytes_max: 64 * 1024,
            unauthenticated: false,
        }
    }
}

/// A resumable parser of one client's requests.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// The arguments found so far, of the request being read or just completed.
    spans: Vec<Span>,
    /// The unquoted text of an inline request, which `spans` then refers to.
    inline: Vec<u8>,
    kind: Kind,
    /// Whether a request has begun and not ended; what follows has a meaning only then.
    underway: bool,
    /// How much of the input is understood: the first byte of a header, or of an argument if `length` is known.
    position: usize,
    /// How much of the input is known to hold no end of the line that begins at `position`.
    searched: usize,
    /// How many arguments are still to come; 0 while not known.
    remaining: usize,
    /// The length of the argument that begins at `position`.
    length: Option<usize>,
    /// See [`RequestParser::missing`].
    missing: usize,
}

/// How a request, or the one just completed, is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Kind {
    #[default]
    Multibulk,
    Inline,
}

impl RequestParser {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for the end of a request in `input`, which is all that has not yet been consumed: it begins with the same
    /// byte as in the call before, unless that one completed a request, and then with the byte behind that request.
    ///
    /// Gives the length of the request once it is complete, in bytes; nothing while bytes are missing. A request
    /// without arguments (an empty line, `*0`, `*-1`) is one to skip without an answer.
    ///
    /// # Errors
    /// [`ProtocolError`], after which the connection cannot be understood any more.
    #[inline]
    pub fn parse(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        if !self.underway {
            match input.first() {
                Some(b'*') => {
                    self.forget();
                    self.kind = Kind::Multibulk;
                    return self.multibulk(input, limits, 0, 0, None);
                }
                Some(_) => {
                    self.forget();
                    self.kind = Kind::Inline;
                }
                None => {
                    self.forget();
                    self.missing = 1;
                    return Ok(None);
                }
            }
        }
        self.resume(input, limits)
    }

    /// The arguments of the request that [`parse`](Self::parse) has just completed, read from the same `input`; valid
    /// until the next call of it.
    #[inline]
    pub fn arguments<'a>(&'a self, input: &'a [u8]) -> Arguments<'a> {
        let bytes = match self.kind {
            Kind::Multibulk => input,
            Kind::Inline => &self.inline,
        };
        Arguments::new(bytes, &self.spans)
    }

    /// At least how many bytes are missing, after [`parse`](Self::parse) has found the request incomplete: 1 where that
    /// is not known, the rest of the argument within one, so that a reader can make room once for a large argument. It
    /// is what the client announces, within the limits, not what it has sent.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// The memory held, in bytes, this handle included: it grows with the number of arguments, and is given back when
    /// the next request begins or the parser is shown that there is none yet.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.spans.capacity() * size_of::<Span>() + self.inline.capacity()
    }

    /// Forgets the request before, and gives back what only a large one needs.
    #[inline]
    fn forget(&mut self) {
        self.spans.clear();
        if self.spans.capacity() > SPANS_KEPT || self.inline.capacity() > INLINE_BYTES_KEPT {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        self.inline.clear();
        self.inline.shrink_to(INLINE_BYTES_KEPT);
        self.spans.shrink_to(SPANS_KEPT);
    }

    #[cold]
    fn resume(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        if !self.underway {
            self.underway = true;
            self.position = 0;
            self.searched = 0;
        }
        assert!(
            input.len() >= self.position,
            "the input begins with the same byte until a request is completed"
        );
        match self.kind {
            Kind::Multibulk => self.multibulk(input, limits, self.position, self.remaining, self.length),
            Kind::Inline => self.inline(input, limits),
        }
    }

    /// Goes on with an array of bulk strings: `position`, `remaining` and `length` as in the fields of these names,
    /// which are not touched before bytes are missing.
    #[inline]
    fn multibulk(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        mut position: usize,
        mut remaining: usize,
        mut length: Option<usize>,
    ) -> Result<Option<usize>, ProtocolError> {
        if remaining == 0 {
            let (count, next) = match short_header(input, position, b'*') {
                Some(found) => found,
                None => match self.long_count(input, limits, position)? {
                    Some(found) => found,
                    None => return Ok(self.wait(position, 0, None, 1)),
                },
            };
            if count > limits.arguments_max {
                return Err(ProtocolError::InvalidMultibulkLength);
            }
            if count > UNAUTHENTICATED_ARGUMENTS_MAX && limits.unauthenticated {
                return Err(ProtocolError::UnauthenticatedMultibulkLength);
            }
            (remaining, position) = (count, next);
        }
        while remaining > 0 {
            let bytes = match length.take() {
                Some(bytes) => bytes,
                None => {
                    let (bytes, next) = match short_header(input, position, b'$') {
                        Some(found) => found,
                        None => match self.long_length(input, limits, position)? {
                            Some(found) => found,
                            None => return Ok(self.wait(position, remaining, None, 1)),
                        },
                    };
                    if bytes > limits.bulk_bytes_max {
                        return Err(ProtocolError::InvalidBulkLength);
                    }
                    if bytes > UNAUTHENTICATED_BULK_BYTES_MAX && limits.unauthenticated {
                        return Err(ProtocolError::UnauthenticatedBulkLength);
                    }
                    position = next;
                    bytes
                }
            };
            let available = input.len() - position;
            if available < bytes + 2 {
                self.searched = position;
                return Ok(self.wait(position, remaining, Some(bytes), bytes + 2 - available));
            }
            self.spans.push(Span { start: position, end: position + bytes });
            position += bytes + 2;
            remaining -= 1;
        }
        self.underway = false;
        Ok(Some(position))
    }

    /// Keeps where we are until more bytes come.
    #[cold]
    fn wait(
        &mut self,
        position: usize,
        remaining: usize,
        length: Option<usize>,
        missing: usize,
    ) -> Option<usize> {
        self.underway = true;
        self.position = position;
        self.remaining = remaining;
        self.length = length;
        self.missing = missing;
        None
    }

    /// The number of arguments and where the first begins, from a header that [`short_header`] does not take.
    #[cold]
    fn long_count(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        position: usize,
    ) -> Result<Option<(usize, usize)>, ProtocolError> {
        let Some(line) = self.header(input, limits, position, ProtocolError::TooBigMultibulkCount)? else {
            return Ok(None);
        };
        let count = parse_i64(&line[1..]).ok_or(ProtocolError::InvalidMultibulkLength)?;
        Ok(Some((usize::try_from(count).unwrap_or(0), position + line.len() + 2)))
    }

    /// The length of an argument and where it begins, from a header that [`short_header`] does not take.
    #[cold]
    fn long_length(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        position: usize,
    ) -> Result<Option<(usize, usize)>, ProtocolError> {
        let Some(line) = self.header(input, limits, position, ProtocolError::TooBigBulkCount)? else {
            return Ok(None);
        };
        // An empty line has the carriage return in the place of the `$`.
        match line.first().copied().unwrap_or(b'\r') {
            b'$' => {}
            other => return Err(ProtocolError::ExpectedBulk(other)),
        }
        let length = parse_i64(&line[1..]).ok_or(ProtocolError::InvalidBulkLength)?;
        let length = usize::try_from(length).map_err(|_| ProtocolError::InvalidBulkLength)?;
        Ok(Some((length, position + line.len() + 2)))
    }

    /// The line that begins at `position`, up to its carriage return, once the byte behind that has come too.
    fn header<'a>(
        &mut self,
        input: &'a [u8],
        limits: &RequestLimits,
        position: usize,
        too_big: ProtocolError,
    ) -> Result<Option<&'a [u8]>, ProtocolError> {
        if !self.underway {
            // Straight from the fast path: what `searched` says is of another request.
            self.searched = position;
        }
        let end = self.line_end(b'\r', input, limits, position).map_err(|_| too_big)?;
        Ok(end.filter(|end| end + 1 < input.len()).map(|end| &input[position..end]))
    }

    /// Where the line that begins at `position` ends, searching only what has not been searched before.
    fn line_end(
        &mut self,
        terminator: u8,
        input: &[u8],
        limits: &RequestLimits,
        position: usize,
    ) -> Result<Option<usize>, TooLong> {
        let window = input.len().min(position.saturating_add(limits.inline_bytes_max).saturating_add(1));
        let from = self.searched.max(position).min(window);
        match memchr::memchr(terminator, &input[from..window]) {
            Some(offset) => {
                self.searched = from + offset;
                Ok(Some(from + offset))
            }
            None if window - position > limits.inline_bytes_max => Err(TooLong),
            None => {
                self.searched = window;
                Ok(None)
            }
        }
    }

    fn inline(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        let end = self.line_end(b'\n', input, limits, 0).map_err(|_| ProtocolError::TooBigInlineRequest)?;
        let Some(end) = end else {
            self.missing = 1;
            return Ok(None);
        };
        let line = &input[..end];
        self.inline.clear();
        inline::split(line.strip_suffix(b"\r").unwrap_or(line), &mut self.inline, &mut self.spans)?;
        self.underway = false;
        Ok(Some(end + 1))
    }
}

/// A line does not end within the limit.
struct TooLong;

/// Reads the usual header at `position` without a search or a loop: `sigil`, a number of one to four digits, a carriage
/// return and one more byte. Gives the number and where the header ends; nothing where the header is incomplete, wrong
/// or merely unusual, which the caller then finds out.
#[inline(always)]
fn short_header(input: &[u8], position: usize, sigil: u8) -> Option<(usize, usize)> {
    // A leading zero is an error, which the strict reading finds.
    let digit = |byte: &u8| usize::from(byte.wrapping_sub(b'0'));
    match input.get(position..)? {
        [s, a, b'\r', _, ..] if *s == sigil && digit(a) < 10 => Some((digit(a), position + 4)),
        [s, a, b, b'\r', _, ..] if *s == sigil && digit(a).wrapping_sub(1) < 9 && digit(b) < 10 => {
            Some((digit(a) * 10 + digit(b), position + 5))
        }
        [s, a, b, c, b'\r', _, ..]
            if *s == sigil && digit(a).wrapping_sub(1) < 9 && digit(b) < 10 && digit(c) < 10 =>
        {
            Some((digit(a) * 100 + digit(b) * 10 + digit(c), position + 6))
        }
        [s, a, b, c, d, b'\r', _, ..]
            if *s == sigil && digit(a).wrapping_sub(1) < 9 && digit(b) < 10 && digit(c) < 10 && digit(d) < 10 =>
        {
            Some((digit(a) * 1000 + digit(b) * 100 + digit(c) * 10 + digit(d), position + 7))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OwnedArguments;

    /// What a connection reads: its requests in order and, at the end, what is left over or why it was closed.
    type Transcript = (Vec<OwnedArguments>, Result<usize, ProtocolError>);

    /// Feeds `input` in pieces of `piece` bytes.
    fn read(input: &[u8], piece: usize, limits: &RequestLimits) -> Transcript {
        let mut parser = RequestParser::new();
        let (mut requests, mut consumed, mut arrived) = (Vec::new(), 0, 0);
        loop {
            match parser.parse(&input[consumed..arrived], limits) {
                Ok(Some(bytes)) => {
                    requests.push(parser.arguments(&input[consumed..arrived]).into());
                    consumed += bytes;
                }
                Ok(None) if arrived == input.len() => return (requests, Ok(input.len() - consumed)),
                Ok(None) => {
                    assert!(parser.missing() > 0);
                    arrived = input.len().min(arrived + piece);
                }
                Err(error) => return (requests, Err(error)),
            }
        }
    }

    /// Reads `input` whole and byte by byte.
    #[track_caller]
    fn check_limited(
        input: &[u8],
        limits: &RequestLimits,
        requests: &[&[&str]],
        end: Result<usize, ProtocolError>,
    ) {
        let requests = requests.iter().map(|request| OwnedArguments::from_parts(request)).collect();
        let expected: Transcript = (requests, end);
        for piece in [input.len(), 1] {
            let found = read(input, piece, limits);
            assert_eq!(
                found,
                expected,
                "{} in pieces of {piece}",
                input[..input.len().min(99)].escape_ascii()
            );
        }
    }

    #[track_caller]
    fn check(input: &[u8], requests: &[&[&str]]) {
        check_limited(input, &RequestLimits::default(), requests, Ok(0));
    }

    #[track_caller]
    fn check_error(input: &[u8], text: &str) {
        let (requests, end) = read(input, input.len(), &RequestLimits::default());
        assert!(requests.is_empty());
        assert_eq!(end.expect_err("an error").to_string(), text, "{}", input.escape_ascii());
        check_limited(input, &RequestLimits::default(), &[], end);
    }

    #[test]
    fn arrays_of_bulk_strings() {
        check(b"*1\r\n$4\r\nPING\r\n", &[&["PING"]]);
        check(
            b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$12\r\na\r\nb\0*1\r\n$1!\r\n",
            &[&["SET", "", "a\r\nb\0*1\r\n$1!"]],
        );
        check(
            b"*1\r\n$1\r\na\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n",
            &[&["a"], &["b", "c"], &["d"]],
        );
        let long = "x".repeat(123_456);
        check(
            format!("*2\r\n$6\r\n{}\r\n$123456\r\n{long}\r\n", &long[..6]).as_bytes(),
            &[&[&long[..6], &long]],
        );
        let many = vec!["ab"; 2000];
        check(format!("*2000\r\n{}", "$2\r\nab\r\n".repeat(2000)).as_bytes(), &[&many]);
    }

    #[test]
    fn requests_of_nothing_are_complete() {
        for nothing in ["*0\r\n", "*-1\r\n", "*-9223372036854775808\r\n", "\r\n", "\n", "   \r\n"] {
            check(format!("{nothing}PING\r\n{nothing}").as_bytes(), &[&[], &["PING"], &[]]);
        }
    }

    #[test]
    fn inline_requests() {
        check(b"PING\r\n", &[&["PING"]]);
        check(b"PING\n", &[&["PING"]]);
        check(
            b"set  k 'a \"b\"' \"\\x41\\n\"\r\n*1\r\n$1\r\na\r\nget k\n",
            &[&["set", "k", "a \"b\"", "A\n"], &["a"], &["get", "k"]],
        );
        check(b"\"\"\r\n", &[&[""]]);
        check_error(b"set k \"open\r\n", "unbalanced quotes in request");
        check_error(b"set k 'a'b\r\n", "unbalanced quotes in request");
    }

    #[test]
    fn line_ends_are_skipped_unread() {
        check(b"*1\r?$4\rxPINGyz*1\r\n$1\r\na\r\n", &[&["PING"], &["a"]]);
    }

    #[test]
    fn what_is_incomplete_waits() {
        let whole = b"*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n";
        for end in 0..whole.len() {
            check_limited(&whole[..end], &RequestLimits::default(), &[], Ok(end));
        }
    }

    #[test]
    fn counts_that_are_none() {
        for count in ["", "x", "1x", "01", "+1", " 1", "-", "1 ", "2147483648", "9223372036854775808", "1\0"]
        {
            check_error(format!("*{count}\r\n").as_bytes(), "invalid multibulk length");
        }
        check_limited(b"*2147483647\r\n$1\r\na\r\n", &RequestLimits::default(), &[], Ok(20));
    }

    #[test]
    fn lengths_that_are_none() {
        for length in [
            "",
            "x",
            "1x",
            "01",
            "00",
            "-1",
            "+1",
            "536870913",
            "9223372036854775807",
            "99999999999999999999",
        ] {
            check_error(format!("*1\r\n${length}\r\n").as_bytes(), "invalid bulk length");
        }
        check_limited(b"*1\r\n$536870912\r\nab", &RequestLimits::default(), &[], Ok(18));
    }

    #[test]
    fn arguments_are_bulk_strings() {
        check_error(b"*1\r\nPING\r\n", "expected '$', got 'P'");
        check_error(b"*1\r\n:1\r\n", "expected '$', got ':'");
        check_error(b"*1\r\n\r\n", "expected '$', got '\r'");
        check_error(b"*2\r\n$1\r\na\r\n*1\r\n", "expected '$', got '*'");
    }

    #[test]
    fn lines_are_bounded() {
        let max = RequestLimits::default().inline_bytes_max;
        let long = "1".repeat(max);
        check(format!("{long}\n").as_bytes(), &[&[&long]]);
        check_error(format!("{long}1\n").as_bytes(), "too big inline request");
        check_error(format!("{long}1").as_bytes(), "too big inline request");
        check_error(format!("*{long}\r\n").as_bytes(), "too big mbulk count string");
        check_error(format!("*{}\r\n", &long[1..]).as_bytes(), "invalid multibulk length");
        check_error(format!("*1\r\n${long}\r\n").as_bytes(), "too big bulk count string");
        check_error(format!("*1\r\n${}\r\n", &long[1..]).as_bytes(), "invalid bulk length");
        check_error(format!("*1\r\n{long}x").as_bytes(), "too big bulk count string");
    }

    #[test]
    fn strangers_may_send_little() {
        let strangers = RequestLimits { unauthenticated: true, ..RequestLimits::default() };
        let request = |count: usize, length: usize| {
            let rest = "$1\r\na\r\n".repeat(count - 1);
            format!("*{count}\r\n${length}\r\n{}\r\n{rest}", "a".repeat(length)).into_bytes()
        };
        let long = "a".repeat(UNAUTHENTICATED_BULK_BYTES_MAX);
        let most = [&[&long[..]][..], &["a"; 9]].concat();
        check_limited(&request(10, 16384), &strangers, &[&most], Ok(0));
        let too_many = Err(ProtocolError::UnauthenticatedMultibulkLength);
        check_limited(&request(11, 1), &strangers, &[], too_many);
        let too_long = Err(ProtocolError::UnauthenticatedBulkLength);
        check_limited(&request(1, 16385), &strangers, &[], too_long);
        check_limited(b"*2147483648\r\n", &strangers, &[], Err(ProtocolError::InvalidMultibulkLength));
        check_limited(b"*1\r\n$536870913\r\n", &strangers, &[], Err(ProtocolError::InvalidBulkLength));
    }

    #[test]
    fn limits_are_the_callers() {
        let limits = RequestLimits { bulk_bytes_max: 3, arguments_max: 2, ..RequestLimits::default() };
        check_limited(b"*2\r\n$3\r\nabc\r\n$0\r\n\r\n", &limits, &[&["abc", ""]], Ok(0));
        check_limited(b"*3\r\n", &limits, &[], Err(ProtocolError::InvalidMultibulkLength));
        check_limited(b"*1\r\n$4\r\n", &limits, &[], Err(ProtocolError::InvalidBulkLength));
        let all = RequestLimits { bulk_bytes_max: usize::MAX, arguments_max: usize::MAX, ..limits };
        check_limited(b"*9223372036854775807\r\n$9223372036854775807\r\nabc", &all, &[], Ok(47));
    }

    #[test]
    fn a_reader_learns_what_is_missing() {
        let mut parser = RequestParser::new();
        let limits = RequestLimits::default();
        let mut missing = |input: &[u8]| {
            assert_eq!(parser.parse(input, &limits), Ok(None));
            parser.missing()
        };
        assert_eq!(missing(b""), 1);
        assert_eq!(missing(b"*2\r\n$3"), 1);
        assert_eq!(missing(b"*2\r\n$3\r\nG"), 4);
        assert_eq!(missing(b"*2\r\n$3\r\nGET\r\n$5000"), 1);
        assert_eq!(missing(b"*2\r\n$3\r\nGET\r\n$5000\r\nabc"), 4999);
    }

    #[test]
    fn memory_for_many_arguments_is_given_back() {
        let limits = RequestLimits::default();
        let mut parser = RequestParser::new();
        let many = format!("*100000\r\n{}", "$1\r\na\r\n".repeat(100_000));
        assert_eq!(parser.parse(many.as_bytes(), &limits), Ok(Some(many.len())));
        assert!(parser.memory_bytes() > 100_000);
        let line = format!("{}\n", "a".repeat(60_000));
        assert_eq!(parser.parse(line.as_bytes(), &limits), Ok(Some(line.len())));
        assert!(parser.memory_bytes() > 60_000);
        assert_eq!(parser.parse(b"", &limits), Ok(None));
        assert!(parser.memory_bytes() < 20_000);
    }
}
