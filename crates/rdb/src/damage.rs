//! What is wrong with bytes that were read, and where.

use std::borrow::Cow;
use std::fmt;

/// Why bytes are not what they claim to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where, in bytes from the start of what was read: of the value, of the payload or of the file. Within a string that
    /// is compressed, it is where the string begins.
    pub offset: u64,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The bytes end before what they claim to hold.
    Cut,
    /// A collection without elements, which no key can hold. Old versions wrote some; who loads a file skips them.
    Empty,
    /// The value of a module, of this type: there are none here.
    Module(String),
    /// Anything else.
    Other(Cow<'static, str>),
}

impl Damage {
    pub(crate) fn new(offset: usize, flaw: Flaw) -> Damage {
        Damage { offset: offset as u64, flaw }
    }

    /// The same, found in bytes that begin `by` further on.
    pub(crate) fn moved(self, by: u64) -> Damage {
        Damage { offset: self.offset + by, ..self }
    }

    /// Whether it is no more than a collection without elements.
    pub fn is_empty_collection(&self) -> bool {
        self.flaw == Flaw::Empty
    }
}

impl From<&'static str> for Flaw {
    fn from(what: &'static str) -> Flaw {
        Flaw::Other(what.into())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Cut => f.write_str("the data ends early"),
            Flaw::Empty => f.write_str("a collection without elements"),
            Flaw::Module(name) => write!(f, "a value of the module type {name}, which is not known here"),
            Flaw::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.flaw, self.offset)
    }
}

impl std::error::Error for Damage {}
