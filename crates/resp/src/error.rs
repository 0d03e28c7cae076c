//! What a client can do wrong in the framing of its requests, with the words that Redis has for it.

use std::borrow::Cow;
use std::fmt;

/// A request that cannot be understood, after which nothing on its connection can be.
///
/// `Display` gives what Redis writes after `ERR Protocol error: `. The server answers with
/// [`Reply::protocol_error`](crate::Reply::protocol_error) and closes the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProtocolError {
    /// The number after `*` is no number, or larger than the limit.
    InvalidMultibulkLength,
    /// The number after `$` is no number, negative, or larger than the limit.
    InvalidBulkLength,
    /// An argument begins with this byte instead of `$`.
    ExpectedBulk(u8),
    /// A line that is not a `*` request does not end within the limit.
    TooBigInlineRequest,
    /// The line with the number of arguments does not end within the limit.
    TooBigMultibulkCount,
    /// The line with the length of an argument does not end within the limit.
    TooBigBulkCount,
    /// An inline request has an open quote, or text right behind a closing one.
    UnbalancedQuotes,
    /// A client that has yet to authenticate sends too many arguments.
    UnauthenticatedMultibulkLength,
    /// A client that has yet to authenticate sends too long an argument.
    UnauthenticatedBulkLength,
}

impl ProtocolError {
    /// Redis' words, exactly: bytes, because one of them quotes a byte of the client's.
    pub fn text(&self) -> Cow<'static, [u8]> {
        let text: &'static str = match *self {
            Self::InvalidMultibulkLength => "invalid multibulk length",
            Self::InvalidBulkLength => "invalid bulk length",
            Self::ExpectedBulk(byte) => {
                let mut text = b"expected '$', got '".to_vec();
                text.extend_from_slice(&[byte, b'\'']);
                return Cow::Owned(text);
            }
            Self::TooBigInlineRequest => "too big inline request",
            Self::TooBigMultibulkCount => "too big mbulk count string",
            Self::TooBigBulkCount => "too big bulk count string",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::UnauthenticatedMultibulkLength => "unauthenticated multibulk length",
            Self::UnauthenticatedBulkLength => "unauthenticated bulk length",
        };
        Cow::Borrowed(text.as_bytes())
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text()))
    }
}

impl std::error::Error for ProtocolError {}
