//! Requests: the arrays of bulk strings that clients send, and the inline lines that people type.
//!
//! [`RequestParser`] keeps what it has understood between calls, so that a request arriving in pieces is
//! never read twice, and copies nothing: it remembers where in the caller's input the arguments lie. It reads several
//! requests at once where they are there, so that the caller knows of all before it executes the first. What it
//! accepts, and in which order it objects, is Redis 7.2's (`processInlineBuffer` and `processMultibulkBuffer`
//! in its `networking.c`); like Redis it takes any byte for the line feed of a header and any two bytes for
//! the line end behind an argument. Where Redis' answer to a line longer than its limit depends on how the
//! line was cut into reads, the strictest holds, so that here the same bytes always mean the same.

use base::number::parse_i64;

use crate::ProtocolError;
use crate::arguments::{Arguments, Span};
use crate::inline;
use crate::limits::{RequestLimits, UNAUTHENTICATED_ARGUMENTS_MAX};

/// How many arguments' places are kept allocated from one request to the next.
const SPANS_KEPT: usize = 1024;

/// How much of the text of an inline request is kept allocated from one request to the next.
const INLINE_BYTES_KEPT: usize = 1024;

/// A resumable parser of one client's requests.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// The arguments found so far, of the request being read or those just completed.
    spans: Vec<Span>,
    /// The requests just completed.
    requests: Vec<Bounds>,
    /// The unquoted text of an inline request, which `spans` then refers to.
    inline: Vec<u8>,
    /// Whether the request being read, or just completed, is an inline one.
    is_inline: bool,
    state: State,
    /// How much of the input is understood, between two calls within a request.
    position: usize,
    /// How much of the input is known to hold no end of the line that begins at `position`.
    searched: usize,
    /// See [`RequestParser::missing`].
    missing: usize,
}

/// Where a request ends: in the parser's spans, and in the input.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    spans_end: usize,
    end: usize,
}

/// What begins at the parser's position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    /// A request.
    #[default]
    Request,
    /// An inline request whose line is not complete.
    Line,
    /// The header of an array.
    Count,
    /// The header of an argument, the first of `remaining`.
    Length { remaining: usize },
    /// An argument, the first of `remaining`.
    Argument { remaining: usize, bytes: usize },
}

impl RequestParser {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for the end of a request in `input`, which is all that has not yet been consumed: it begins with
    /// the same byte as in the call before, unless that one completed requests, and then with the byte
    /// behind one of these.
    ///
    /// Gives the length of the request once it is complete, in bytes; nothing while bytes are missing. A
    /// request without arguments (an empty line, `*0`, `*-1`) is one to skip without an answer.
    ///
    /// # Errors
    /// [`ProtocolError`], after which the connection cannot be understood any more.
    #[inline]
    pub fn parse(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        let complete = self.parse_batch(input, limits, 1)?;
        Ok((complete > 0).then(|| self.end_of(0)))
    }

    /// As [`parse`](Self::parse), for up to `requests_max` requests, and gives their number: as many as are
    /// complete and of the usual form, but none only where the first is incomplete.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse), when the first request is wrong; a later one ends the batch before it.
    #[inline]
    pub fn parse_batch(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        requests_max: usize,
    ) -> Result<usize, ProtocolError> {
        self.requests.clear();
        let Some(mut end) = self.parse_first(input, limits)? else { return Ok(0) };
        self.requests.push(Bounds { spans_end: self.spans.len(), end });
        while self.requests.len() < requests_max && !self.is_inline && self.spans.len() < SPANS_KEPT {
            let spans_before = self.spans.len();
            let Some(next) = self.usual_array(input, limits, end) else {
                self.spans.truncate(spans_before);
                break;
            };
            end = next;
            self.requests.push(Bounds { spans_end: self.spans.len(), end });
        }
        Ok(self.requests.len())
    }

    /// The arguments of the only or first request that [`parse`](Self::parse) has just completed, read from the
    /// same `input`; valid until the next call of it.
    #[inline]
    pub fn arguments<'a>(&'a self, input: &'a [u8]) -> Arguments<'a> {
        self.arguments_of(0, input)
    }

    /// The arguments of one of the requests that [`parse_batch`](Self::parse_batch) has just completed, counted
    /// from 0, read from the same `input`; valid until the next call of it.
    #[inline]
    pub fn arguments_of<'a>(&'a self, request: usize, input: &'a [u8]) -> Arguments<'a> {
        let begin = if request == 0 { 0 } else { self.requests[request - 1].spans_end };
        let spans = &self.spans[begin..self.requests[request].spans_end];
        Arguments::new(if self.is_inline { &self.inline } else { input }, spans)
    }

    /// Where that request ends in the input.
    #[inline]
    pub fn end_of(&self, request: usize) -> usize {
        self.requests[request].end
    }

    /// At least how many bytes are missing, after [`parse`](Self::parse) has found the request incomplete: 1
    /// where that is not known, the rest of the argument within one, so that a reader can make room once for
    /// a large argument. It is what the client announces, within the limits, not what it has sent.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// The memory held, in bytes, this handle included: it grows with the number of arguments, and is given
    /// back when the next request begins or the parser is shown that there is none yet.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.spans.capacity() * size_of::<Span>()
            + self.requests.capacity() * size_of::<Bounds>()
            + self.inline.capacity()
    }

    /// Forgets the request before, and gives back what only a large one needs.
    #[inline]
    fn forget(&mut self) {
        if self.is_inline || self.spans.len() > SPANS_KEPT {
            self.shrink();
        }
        self.spans.clear();
    }

    #[cold]
    fn shrink(&mut self) {
        self.is_inline = false;
        self.inline.clear();
        self.inline.shrink_to(INLINE_BYTES_KEPT);
        self.spans.clear();
        self.spans.shrink_to(SPANS_KEPT);
    }

    /// Goes on with the request that the call before found incomplete.
    #[cold]
    fn resume(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        let position = self.position;
        assert!(input.len() >= position, "the input begins with the same byte until a request is completed");
        match self.state {
            State::Request | State::Line => self.line(input, limits),
            State::Count => self.count(input, limits, position),
            State::Length { remaining } => self.lengths(input, limits, position, remaining),
            State::Argument { remaining, bytes } => {
                let available = input.len() - position;
                if available < bytes + 2 {
                    self.missing = bytes + 2 - available;
                    return Ok(None);
                }
                self.spans.push(Span { start: position, end: position + bytes });
                self.lengths(input, limits, position + bytes + 2, remaining - 1)
            }
        }
    }

    /// Looks for the end of the first request.
    #[inline]
    fn parse_first(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        if self.state != State::Request {
            return self.resume(input, limits);
        }
        self.forget();
        if input.first() == Some(&b'*') {
            return self.count(input, limits, 0);
        }
        self.begin_line(input, limits)
    }

    /// Reads the array that begins at `position` if it is complete, right, and its headers are the usual ones.
    /// Otherwise, which says nothing yet, there may be some spans too many.
    #[inline]
    fn usual_array(&mut self, input: &[u8], limits: &RequestLimits, position: usize) -> Option<usize> {
        let (count, mut position) = short_header(input, position, b'*')?;
        if count > limits.arguments_max || (count > UNAUTHENTICATED_ARGUMENTS_MAX && limits.unauthenticated) {
            return None;
        }
        let bulk_bytes_max = limits.bulk_bytes_max_now();
        for _ in 0..count {
            let (bytes, start) = short_header(input, position, b'$')?;
            position = start + bytes + 2;
            if bytes > bulk_bytes_max || position > input.len() {
                return None;
            }
            self.spans.push(Span { start, end: start + bytes });
        }
        Some(position)
    }

    /// Reads an array of bulk strings from its header on.
    #[inline]
    fn count(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        position: usize,
    ) -> Result<Option<usize>, ProtocolError> {
        let (count, next) = match short_header(input, position, b'*') {
            Some(found) => found,
            None => match self.long_count(input, limits, position)? {
                Some(found) => found,
                None => return Ok(self.wait(State::Count, position, 1)),
            },
        };
        if count > limits.arguments_max {
            return Err(ProtocolError::InvalidMultibulkLength);
        }
        if count > UNAUTHENTICATED_ARGUMENTS_MAX && limits.unauthenticated {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        self.lengths(input, limits, next, count)
    }

    /// Reads the last `remaining` arguments of an array, from the header of the first of these on.
    #[inline]
    fn lengths(
        &mut self,
        input: &[u8],
        limits: &RequestLimits,
        mut position: usize,
        mut remaining: usize,
    ) -> Result<Option<usize>, ProtocolError> {
        let bulk_bytes_max = limits.bulk_bytes_max_now();
        while remaining > 0 {
            let (bytes, start) = match short_header(input, position, b'$') {
                Some(found) => found,
                None => match self.long_length(input, limits, position)? {
                    Some(found) => found,
                    None => return Ok(self.wait(State::Length { remaining }, position, 1)),
                },
            };
            if bytes > bulk_bytes_max {
                return Err(limits.too_long(bytes));
            }
            let available = input.len() - start;
            if available < bytes + 2 {
                self.searched = start;
                return Ok(self.wait(State::Argument { remaining, bytes }, start, bytes + 2 - available));
            }
            self.spans.push(Span { start, end: start + bytes });
            position = start + bytes + 2;
            remaining -= 1;
        }
        self.state = State::Request;
        Ok(Some(position))
    }

    /// Keeps where we are until more bytes come.
    #[cold]
    fn wait(&mut self, state: State, position: usize, missing: usize) -> Option<usize> {
        self.state = state;
        self.position = position;
        self.missing = missing;
        None
    }

    /// Begins what is no array: an inline request, or nothing as yet.
    fn begin_line(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        if input.is_empty() {
            return Ok(self.wait(State::Request, 0, 1));
        }
        self.is_inline = true;
        self.searched = 0;
        self.line(input, limits)
    }

    /// Reads an inline request.
    fn line(&mut self, input: &[u8], limits: &RequestLimits) -> Result<Option<usize>, ProtocolError> {
        let end = self.line_end(b'\n', input, limits, 0).map_err(|_| ProtocolError::TooBigInlineRequest)?;
        let Some(end) = end else {
            return Ok(self.wait(State::Line, 0, 1));
        };
        let line = &input[..end];
        inline::split(line.strip_suffix(b"\r").unwrap_or(line), &mut self.inline, &mut self.spans)?;
        self.state = State::Request;
        Ok(Some(end + 1))
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
        if self.state == State::Request {
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
}

/// A line does not end within the limit.
struct TooLong;

/// Reads the usual header at `position` without a search or a loop: `sigil`, a number of one to four digits,
/// a carriage return and what follows it, of which at least one byte is needed and eight bytes from
/// `position` on are wanted. Gives the number and where the header ends; nothing where the header is
/// incomplete, wrong or merely unusual, which the caller then finds out.
#[inline(always)]
fn short_header(input: &[u8], position: usize, sigil: u8) -> Option<(usize, usize)> {
    let word = u64::from_le_bytes(*input.get(position..)?.first_chunk()?);
    if word as u8 != sigil {
        return None;
    }
    let byte = |index: u32| (word >> (8 * index)) as u8;
    let digit = |index: u32| usize::from(byte(index).wrapping_sub(b'0'));
    let first = digit(1);
    if byte(2) == b'\r' {
        return (first < 10).then_some((first, position + 4));
    }
    // From here on a leading zero is an error, which the strict reading finds.
    let tens = first * 10 + digit(2);
    if first.wrapping_sub(1) >= 9 || digit(2) >= 10 {
        return None;
    }
    if byte(3) == b'\r' {
        return Some((tens, position + 5));
    }
    if digit(3) >= 10 {
        return None;
    }
    let hundreds = tens * 10 + digit(3);
    if byte(4) == b'\r' {
        return Some((hundreds, position + 6));
    }
    (digit(4) < 10 && byte(5) == b'\r').then_some((hundreds * 10 + digit(4), position + 7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OwnedArguments;
    use crate::limits::UNAUTHENTICATED_BULK_BYTES_MAX;

    /// What a connection reads: its requests in order and, at the end, what is left over or why it was
    /// closed.
    type Transcript = (Vec<OwnedArguments>, Result<usize, ProtocolError>);

    /// Feeds `input` in pieces of `piece` bytes, and reads up to `batch` requests at once.
    fn read(input: &[u8], piece: usize, batch: usize, limits: &RequestLimits) -> Transcript {
        let mut parser = RequestParser::new();
        let (mut requests, mut consumed, mut arrived) = (Vec::new(), 0, 0);
        loop {
            let pending = &input[consumed..arrived];
            match parser.parse_batch(pending, limits, batch) {
                Ok(0) if arrived == input.len() => return (requests, Ok(input.len() - consumed)),
                Ok(complete @ 1..) => {
                    assert!(complete <= batch);
                    requests
                        .extend((0..complete).map(|request| parser.arguments_of(request, pending).into()));
                    consumed += parser.end_of(complete - 1);
                }
                Ok(0) => {
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
        for (piece, batch) in [(input.len(), 1), (1, 1), (input.len(), 16), (23, 3), (1, 2)] {
            let found = read(input, piece, batch, limits);
            assert_eq!(
                found,
                expected,
                "{} in pieces of {piece} and batches of {batch}",
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
        let (requests, end) = read(input, input.len(), 1, &RequestLimits::default());
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
    fn a_batch_ends_before_what_is_incomplete_wrong_or_inline() {
        let get = "*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n";
        let batch = |input: &str, requests_max: usize| {
            let mut parser = RequestParser::new();
            let complete = parser.parse_batch(input.as_bytes(), &RequestLimits::default(), requests_max);
            complete.map(|complete| (complete, if complete > 0 { parser.end_of(complete - 1) } else { 0 }))
        };
        assert_eq!(batch(&get.repeat(5), 16), Ok((5, 5 * get.len())));
        assert_eq!(batch(&get.repeat(5), 3), Ok((3, 3 * get.len())));
        for rest in ["*", &get[..get.len() - 1], "*1\r\n:1\r\n     ", "*x\r\n        ", "PING\r\n        "] {
            assert_eq!(batch(&format!("{get}{get}{rest}"), 16), Ok((2, 2 * get.len())), "{rest}");
        }
        assert_eq!(batch(&format!("PING\r\n{get}"), 16), Ok((1, 6)));
        assert_eq!(batch(&get[..9], 16), Ok((0, 0)));
        assert!(batch("*1\r\n:1\r\n", 16).is_err());
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
