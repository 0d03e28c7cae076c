//! The kinds of value that directives take: how each is parsed, shown by CONFIG GET and written by CONFIG
//! REWRITE.
//!
//! A kind and the field of [`Settings`](crate::Settings) that it fills have the same value type, so a
//! table entry whose two sides disagree does not compile. The texts of problems are Redis 7.2's where it
//! has them.

pub(crate) mod bind;
pub(crate) mod buffer_limits;
pub(crate) mod choice;
pub(crate) mod database_engines;
pub(crate) mod events;
pub(crate) mod number;
pub(crate) mod oom_scores;
pub(crate) mod percentiles;
pub(crate) mod replica_of;
pub(crate) mod save;
pub(crate) mod text;
pub(crate) mod working_dir;

use std::borrow::Cow;

use crate::directive::{Arguments, Syntax};

/// Why a value was refused, as Redis words it.
pub(crate) type Problem = Cow<'static, str>;

/// A kind of value.
pub(crate) trait Kind {
    /// What the field of the settings holds.
    type Value: PartialEq;

    /// How many arguments the directive takes.
    fn arguments(&self) -> Arguments {
        Arguments::One
    }

    /// What the directive takes.
    fn syntax(&self) -> Syntax;

    /// The value that `arguments` give to a directive that stood at `prior`.
    fn parse(&self, arguments: &[Vec<u8>], prior: Prior<'_, Self::Value>) -> Result<Self::Value, Problem>;

    /// The value as CONFIG GET shows it. Parsing the result gives the value back.
    fn render(&self, value: &Self::Value) -> Vec<u8>;

    /// The lines that set the directive called `name` to `value` in a file; none removes it from the file.
    fn rewrite(&self, name: &str, value: &Self::Value, default: &Self::Value) -> Vec<RewriteLine> {
        vec![RewriteLine::new(name, self.render(value), value != default)]
    }
}

/// What a directive held before the arguments at hand.
pub(crate) struct Prior<'a, V> {
    /// The value.
    pub value: &'a V,
    /// Whether an earlier line of the same configuration set it.
    pub repeated: bool,
}

/// One line that CONFIG REWRITE may write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RewriteLine {
    /// The whole line.
    pub text: Vec<u8>,
    /// Whether it is written even if the file does not mention the directive yet.
    pub forced: bool,
}

impl RewriteLine {
    pub(crate) fn new(name: &str, value: impl AsRef<[u8]>, forced: bool) -> Self {
        Self { text: [name.as_bytes(), b" ", value.as_ref()].concat(), forced }
    }
}

pub(crate) const WRONG_NUMBER_OF_ARGUMENTS: &str = "wrong number of arguments";

/// The argument of a directive that takes exactly one.
pub(crate) fn only(arguments: &[Vec<u8>]) -> Result<&[u8], Problem> {
    match arguments {
        [argument] => Ok(argument),
        _ => Err(WRONG_NUMBER_OF_ARGUMENTS.into()),
    }
}

/// Whether `arguments` is one empty word, which many lists take for "no elements".
pub(crate) fn is_emptied(arguments: &[Vec<u8>]) -> bool {
    matches!(arguments, [argument] if argument.is_empty())
}

/// `values`, rendered by `Display`, with blanks between them.
pub(crate) fn join(values: impl IntoIterator<Item = impl ToString>) -> Vec<u8> {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ").into_bytes()
}

/// Parses arguments for the tests of the kinds, from a directive never mentioned before.
#[cfg(test)]
pub(crate) fn parse_new<K: Kind>(kind: &K, prior: &K::Value, line: &str) -> Result<K::Value, String> {
    let arguments = crate::line::split_words(line.as_bytes()).expect("balanced quotes");
    kind.parse(&arguments, Prior { value: prior, repeated: false }).map_err(Cow::into_owned)
}
