//! What the table says of one directive.

use std::fmt;

use crate::kind::{Problem, RewriteLine};
use crate::{Host, Settings};

/// Sets a directive to what the arguments say; the flag says whether an earlier line of the same
/// configuration set it. On a problem the settings are as before.
type Assign = fn(&mut Settings, &[Vec<u8>], bool) -> Result<(), Problem>;

/// A directive of redis.conf that has a value: CONFIG GET reads it, CONFIG SET may change it.
pub struct Directive {
    /// The name, in lower case, by which CONFIG GET reports it.
    pub name: &'static str,
    /// Older names that mean the same.
    pub aliases: &'static [&'static str],
    /// The part of [`Settings`] that it belongs to.
    pub group: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Whether Esker acts on it.
    pub support: Support,
    /// How it may be read and changed.
    pub traits: Traits,
    pub(crate) arguments: fn() -> Arguments,
    pub(crate) syntax: fn() -> Syntax,
    pub(crate) assign: Assign,
    pub(crate) value: fn(&Settings) -> Vec<u8>,
    /// The lines that stand for the settings, given the defaults.
    pub(crate) rewrite: fn(&Settings, &Settings) -> Vec<RewriteLine>,
}

impl Directive {
    /// How many arguments it takes.
    pub fn arguments(&self) -> Arguments {
        (self.arguments)()
    }

    /// What it takes, for help and documentation.
    pub fn syntax(&self) -> Syntax {
        (self.syntax)()
    }

    /// Its value in `settings`, rendered as CONFIG GET does.
    pub fn value(&self, settings: &Settings) -> Vec<u8> {
        (self.value)(settings)
    }

    /// Its default on `host`, rendered as CONFIG GET does.
    pub fn default_value(&self, host: &Host) -> Vec<u8> {
        self.value(&Settings::defaults(host))
    }

    /// All its names, the first one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl fmt::Debug for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Directive").field(&self.name).finish()
    }
}

/// Whether Esker acts on a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does what Redis' documentation says, or its summary where Redis has no such directive.
    Supported,
    /// It is parsed, kept, read and set as in Redis, so that a stock redis.conf and stock tools work, but
    /// nothing follows from it. The reason completes "ignored: …".
    Ignored(&'static str),
}

/// How a directive may be read and changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Only the configuration file and the command line set it.
    pub immutable: bool,
    /// As `immutable`, of Esker's own; CONFIG SET may say what it is already, so that all that CONFIG GET tells can be set.
    pub fixed: bool,
    /// CONFIG GET shows it by its exact name only, not by a pattern.
    pub hidden: bool,
    /// Its value does not belong in logs, SLOWLOG or MONITOR.
    pub sensitive: bool,
    /// CONFIG SET changes it only as `enable-protected-configs` allows.
    pub protected: bool,
}

impl Traits {
    pub(crate) const NONE: Self =
        Self { immutable: false, fixed: false, hidden: false, sensitive: false, protected: false };
}

/// How many arguments a directive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Exactly one.
    One,
    /// Any number; one argument that holds several words counts as those words.
    Many,
}

/// What a directive takes. `Display` gives the short form that a help page prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `yes` or `no`.
    YesNo,
    /// A whole number within these bounds.
    Integer {
        /// The least value allowed.
        min: i128,
        /// The greatest value allowed.
        max: i128,
    },
    /// An octal number within these bounds.
    Octal {
        /// The least value allowed.
        min: i128,
        /// The greatest value allowed.
        max: i128,
    },
    /// An amount of memory, as `1024`, `100mb` or `2gb`, within these bounds in bytes.
    Memory {
        /// The least value allowed, in bytes.
        min: i128,
        /// The greatest value allowed, in bytes.
        max: i128,
    },
    /// An amount of memory, or a percentage of `maxmemory` up to 100%.
    MemoryOrPercent,
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// One or more of these words.
    AnyOf(Vec<&'static str>),
    /// Any text, also an empty one.
    Text,
    /// A form of its own, drawn here.
    Form(&'static str),
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo => f.write_str("yes | no"),
            Self::Integer { min, max } => write!(f, "<integer {min}..{max}>"),
            Self::Octal { min, max } => write!(f, "<octal {min:o}..{max:o}>"),
            Self::Memory { .. } => f.write_str("<bytes>"),
            Self::MemoryOrPercent => f.write_str("<bytes> | <percent>%"),
            Self::OneOf(names) => f.write_str(&names.join(" | ")),
            Self::AnyOf(names) => write!(f, "{} …", names.join(" | ")),
            Self::Text => f.write_str("<text>"),
            Self::Form(form) => f.write_str(form),
        }
    }
}

/// A line that redis.conf may hold but that is no parameter: CONFIG neither reads nor sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The first word, in lower case.
    pub name: &'static str,
    /// What follows the first word.
    pub form: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Whether Esker acts on it.
    pub support: Support,
}
