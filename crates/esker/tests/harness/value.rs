//! A reply, exactly as it stood on the wire: every RESP2 and RESP3 type is a variant of its own,
//! and doubles keep their text, so that tests can tell apart whatever a client could.

use std::fmt;

/// One decoded reply.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR …`, without the dash.
    Error(String),
    /// `:1`
    Int(i64),
    /// `$3 foo`
    Bulk(Vec<u8>),
    /// `$-1`, RESP2's missing string.
    NullBulk,
    /// `*2 …`
    Array(Vec<Value>),
    /// `*-1`, RESP2's missing array.
    NullArray,
    /// `_`, RESP3's only null.
    Null,
    /// `#t` or `#f`
    Bool(bool),
    /// `,1.5`, as written.
    Double(String),
    /// `(123…`
    BigNumber(String),
    /// `!21 SYNTAX …`
    BlobError(Vec<u8>),
    /// `=15 txt:…`: format and text.
    Verbatim(Vec<u8>, Vec<u8>),
    /// `%1 …`
    Map(Vec<(Value, Value)>),
    /// `~2 …`
    Set(Vec<Value>),
    /// `>3 …`
    Push(Vec<Value>),
    /// `|1 …` and the reply that it describes.
    Attributed(Vec<(Value, Value)>, Box<Value>),
}

impl Value {
    /// `+OK`, which so many commands answer.
    pub fn ok() -> Self {
        Self::Simple(b"OK".to_vec())
    }

    /// A bulk string.
    pub fn bulk(text: impl AsRef<[u8]>) -> Self {
        Self::Bulk(text.as_ref().to_vec())
    }

    /// An array of bulk strings.
    pub fn bulks<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array(texts.into_iter().map(Self::bulk).collect())
    }

    /// The integer that this is.
    #[track_caller]
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("not an integer: {other:?}"),
        }
    }

    /// The bytes of a simple, bulk or verbatim string.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(bytes) | Self::Bulk(bytes) | Self::Verbatim(_, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text of a simple, bulk or verbatim string.
    #[track_caller]
    pub fn text(&self) -> String {
        let bytes = self.bytes().unwrap_or_else(|| panic!("not a string: {self:?}"));
        String::from_utf8(bytes.to_vec()).expect("the test expects text")
    }

    /// The text of the error that this is.
    #[track_caller]
    pub fn error(&self) -> &str {
        match self {
            Self::Error(text) => text,
            other => panic!("not an error: {other:?}"),
        }
    }

    /// The elements of an array, set or push.
    #[track_caller]
    pub fn elements(&self) -> &[Value] {
        match self {
            Self::Array(elements) | Self::Set(elements) | Self::Push(elements) => elements,
            other => panic!("not an array: {other:?}"),
        }
    }

    /// True for every way of saying "nothing here".
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::NullBulk | Self::NullArray)
    }

    /// True for both kinds of error.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_) | Self::BlobError(_))
    }
}

/// On one line and in the notation of redis-cli, for the message of a failed test.
impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(bytes) => write!(out, "+{}", bytes.escape_ascii()),
            Self::Error(text) => write!(out, "-{text}"),
            Self::Int(number) => write!(out, "(integer) {number}"),
            Self::Bulk(bytes) if bytes.len() > 512 => {
                write!(out, "\"{}…\" ({} bytes)", bytes[..64].escape_ascii(), bytes.len())
            }
            Self::Bulk(bytes) => write!(out, "\"{}\"", bytes.escape_ascii()),
            Self::NullBulk => write!(out, "(nil)"),
            Self::NullArray => write!(out, "(nil array)"),
            Self::Null => write!(out, "(null)"),
            Self::Bool(truth) => write!(out, "({truth})"),
            Self::Double(text) => write!(out, "(double) {text}"),
            Self::BigNumber(text) => write!(out, "(big number) {text}"),
            Self::BlobError(text) => write!(out, "-!{}", text.escape_ascii()),
            Self::Verbatim(format, text) => {
                write!(out, "({}) \"{}\"", format.escape_ascii(), text.escape_ascii())
            }
            Self::Array(elements) => out.debug_list().entries(elements).finish(),
            Self::Set(elements) => out.debug_set().entries(elements).finish(),
            Self::Push(elements) => {
                write!(out, "push ")?;
                out.debug_list().entries(elements).finish()
            }
            Self::Map(pairs) => debug_pairs(out, pairs),
            Self::Attributed(pairs, reply) => {
                write!(out, "attributes ")?;
                debug_pairs(out, pairs)?;
                write!(out, " of {reply:?}")
            }
        }
    }
}

fn debug_pairs(out: &mut fmt::Formatter<'_>, pairs: &[(Value, Value)]) -> fmt::Result {
    out.debug_map().entries(pairs.iter().map(|(key, value)| (key, value))).finish()
}

/// A test names the string it expects as a string.
impl PartialEq<str> for Value {
    fn eq(&self, text: &str) -> bool {
        self.bytes() == Some(text.as_bytes())
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl PartialEq<i64> for Value {
    fn eq(&self, number: &i64) -> bool {
        *self == Self::Int(*number)
    }
}
