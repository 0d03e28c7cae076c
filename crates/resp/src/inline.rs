//! Inline requests: a line typed by a person, split at blanks, with quotes.
//!
//! The rules are Redis' (`sdssplitargs` in its `sds.c`): blanks separate; a quote may begin anywhere in an
//! argument and ends it; within double quotes `\xHH` is a byte and `\n \r \t \b \a` are what they are in C,
//! any other escaped byte is itself; within single quotes only `\'` is special. One thing differs: Redis'
//! lines are C strings, so a NUL byte makes it wait for a line that never ends; here NUL is a byte like any
//! other.

use crate::ProtocolError;
use crate::arguments::Span;

/// Appends the arguments of `line` (without its line end) to `text`, unquoted, and where they lie in it to
/// `spans`.
///
/// # Errors
/// [`ProtocolError::UnbalancedQuotes`] where a quote is left open or something other than a blank follows a
/// closing one; what has been appended by then is of no use.
pub(crate) fn split(line: &[u8], text: &mut Vec<u8>, spans: &mut Vec<Span>) -> Result<(), ProtocolError> {
    let mut rest = line;
    loop {
        while let [first, after @ ..] = rest
            && is_blank(*first)
        {
            rest = after;
        }
        if rest.is_empty() {
            return Ok(());
        }
        let start = text.len();
        rest = argument(rest, text)?;
        spans.push(Span { start, end: text.len() });
    }
}

/// Takes one argument off the front of `rest`, which begins with no blank, and returns what follows it.
fn argument<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        match rest {
            // Fewer bytes end an argument than separate two: Redis' rule.
            [] | [b' ' | b'\n' | b'\r' | b'\t', ..] => return Ok(rest),
            [b'"', after @ ..] => return quoted(after, b'"', text),
            [b'\'', after @ ..] => return quoted(after, b'\'', text),
            [byte, after @ ..] => {
                text.push(*byte);
                rest = after;
            }
        }
    }
}

/// Takes the rest of a quoted argument, whose opening `quote` has been read.
fn quoted<'a>(mut rest: &'a [u8], quote: u8, text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        rest = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [byte, after @ ..] if *byte == quote => {
                return match after.first() {
                    Some(&next) if !is_blank(next) => Err(ProtocolError::UnbalancedQuotes),
                    _ => Ok(after),
                };
            }
            [b'\\', b'x', high, low, after @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                text.push(hex_digit(*high) << 4 | hex_digit(*low));
                after
            }
            [b'\\', escaped, after @ ..] if quote == b'"' => {
                text.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                after
            }
            [b'\\', b'\'', after @ ..] if quote == b'\'' => {
                text.push(b'\'');
                after
            }
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
        };
    }
}

/// C's `isspace`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The value of a byte that `is_ascii_hexdigit`.
fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use crate::{OwnedArguments, ProtocolError};

    fn check(line: &[u8], expected: &[&[u8]]) {
        let found = OwnedArguments::from_line(line);
        assert_eq!(found, Ok(OwnedArguments::from_parts(expected)), "{}", line.escape_ascii());
    }

    fn check_unbalanced(line: &[u8]) {
        let found = OwnedArguments::from_line(line);
        assert_eq!(found, Err(ProtocolError::UnbalancedQuotes), "{}", line.escape_ascii());
    }

    #[test]
    fn blanks_separate() {
        check(b"", &[]);
        check(b" \t \r\x0b\x0c ", &[]);
        check(b"PING", &[b"PING"]);
        check(b"  set \t key   value ", &[b"set", b"key", b"value"]);
        // Vertical tab and form feed are skipped before an argument but do not end one.
        check(b"\x0ba\x0bb c", &[b"a\x0bb", b"c"]);
        check(b"nul\0inside \xff\xfe", &[b"nul\0inside", b"\xff\xfe"]);
    }

    #[test]
    fn double_quotes_know_escapes() {
        check(br#"set "a b" "" "\"\\""#, &[b"set", b"a b", b"", b"\"\\"]);
        check(br#""\n\r\t\b\a\q" "\x41\xfF\x0g\x""#, &[b"\n\r\t\x08\x07q", b"A\xffx0gx"]);
        check(br#"foo"bar baz" "it's""#, &[b"foobar baz", b"it's"]);
        check(b"\"a\"\x0bb", &[b"a", b"b"]);
    }

    #[test]
    fn single_quotes_know_only_themselves() {
        check(br"'a b' 'it\'s' '\n\x41\\ '", &[b"a b", b"it's", br"\n\x41\\ "]);
        check(br#"'"' pre'fix'"#, &[b"\"", b"prefix"]);
    }

    #[test]
    fn quotes_must_balance() {
        for line in [
            &br#""open"#[..],
            b"'open",
            b"\"a\"b",
            b"'a'b",
            b"\"a\"\"b\"",
            br#""\""#,
            br"'\'",
            br"'\\'",
            br#"a" "b"#,
        ] {
            check_unbalanced(line);
        }
    }
}
