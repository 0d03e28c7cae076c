//! What goes wrong with a command, in Redis' words: clients match on the first word, people read the rest.

use std::borrow::Cow;
use std::fmt;

use keyspace::WrongType;
use keyspace::fault::Fault;

/// The error reply of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The key holds another type.
    WrongType,
    /// Options that do not fit.
    Syntax,
    /// Too few or too many arguments; the name of the command is known to whoever reports it.
    WrongArity,
    /// An integer was expected.
    NotInteger,
    /// A floating-point number was expected.
    NotFloat,
    /// The key must exist.
    NoSuchKey,
    /// An index beyond the ends.
    IndexOutOfRange,
    /// A number that must not be negative.
    NotPositive,
    /// Any other, with its code as the first word.
    Text(Cow<'static, str>),
}

/// What commands return.
pub type Result<T> = std::result::Result<T, Error>;

/// A word of a request as an error repeats it: like C, up to the first zero byte.
pub fn shown(word: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(word.split(|byte| *byte == 0).next().unwrap_or_default())
}

impl Error {
    /// An error with the general code: `ERR` and `text`.
    pub fn new(text: impl fmt::Display) -> Error {
        Error::Text(format!("ERR {text}").into())
    }

    /// An error whose text is fixed, its code included.
    pub const fn fixed(text: &'static str) -> Error {
        Error::Text(Cow::Borrowed(text))
    }

    /// The whole reply, for the command called `name`.
    pub fn text(&self, name: &str) -> Cow<'static, str> {
        match self {
            Error::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value".into(),
            Error::Syntax => "ERR syntax error".into(),
            Error::WrongArity => format!("ERR wrong number of arguments for '{name}' command").into(),
            Error::NotInteger => "ERR value is not an integer or out of range".into(),
            Error::NotFloat => "ERR value is not a valid float".into(),
            Error::NoSuchKey => "ERR no such key".into(),
            Error::IndexOutOfRange => "ERR index out of range".into(),
            Error::NotPositive => "ERR value is out of range, must be positive".into(),
            Error::Text(text) => text.clone(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Text(fault.text().to_owned().into())
    }
}

impl From<WrongType> for Error {
    fn from(_: WrongType) -> Error {
        Error::WrongType
    }
}
