//! Arguments: how the words of a request become a command's argument struct, and how that struct describes
//! itself to `COMMAND`, to the prompt and to the reference.
//!
//! A command declares its arguments once, as a struct with `#[derive(Args)]` (see `command_macros`); each field's
//! type reads itself through [`Parse`] and says what it is through [`Spec`].

use std::marker::PhantomData;

use base::number::Extended;
use keyspace::Key;
use resp::Arguments;
use smallvec::SmallVec;

use crate::error::{Error, Result, shown};

/// The words of a request that are still to be read.
#[derive(Clone, Copy, Debug)]
pub struct Parser<'a> {
    arguments: Arguments<'a>,
    position: usize,
    /// The word at position 1 as a key, where that is known already.
    first_key: Option<Key<'a>>,
}

impl<'a> Parser<'a> {
    /// Reads `arguments` from `position` on: 1 for a command, 2 for a subcommand.
    pub fn new(arguments: Arguments<'a>, position: usize) -> Parser<'a> {
        Parser { arguments, position, first_key: None }
    }

    /// The same, of a request whose second word is `first_key`, should it be a key.
    pub(crate) fn knowing(self, first_key: Option<Key<'a>>) -> Parser<'a> {
        debug_assert!(first_key.is_none_or(|key| Some(key.bytes) == self.arguments.get(1)));
        Parser { first_key, ..self }
    }

    /// The next word, which stays.
    #[inline]
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.arguments.get(self.position)
    }

    /// Passes over the next word.
    pub fn skip(&mut self) {
        self.position += 1;
    }

    /// The next word; a syntax error when there is none.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "the end is an error here, not an end")]
    pub fn next(&mut self) -> Result<&'a [u8]> {
        let word = self.peek().ok_or(Error::Syntax)?;
        self.position += 1;
        Ok(word)
    }

    /// Passes over the next word, which must be `token` in any case.
    pub fn expect(&mut self, token: &str) -> Result<()> {
        if self.next()?.eq_ignore_ascii_case(token.as_bytes()) { Ok(()) } else { Err(Error::Syntax) }
    }

    /// The words that are left, which it passes over.
    pub fn rest(&mut self) -> Parser<'a> {
        let rest = *self;
        self.position = self.arguments.len().max(self.position);
        rest
    }

    /// The words that are left, which it passes over, as they are.
    pub fn take_rest(&mut self) -> Arguments<'a> {
        let rest = self.arguments.skip(self.position);
        self.position = self.arguments.len().max(self.position);
        rest
    }

    /// The number of the next word in the request.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The first word of the request: the command's name as the client wrote it.
    pub fn name(&self) -> &'a [u8] {
        self.arguments.get(0).unwrap_or_default()
    }

    /// The second word of the request: a subcommand's name as the client wrote it.
    pub fn subcommand(&self) -> &'a [u8] {
        self.arguments.get(1).unwrap_or_default()
    }

    /// How many words are left.
    pub fn remaining(&self) -> usize {
        self.arguments.len().saturating_sub(self.position)
    }
}

/// What kind of word or words an argument is: the names of `COMMAND DOCS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any bytes.
    String,
    /// A 64-bit integer.
    Integer,
    /// A floating-point number.
    Double,
    /// The name of a key.
    Key,
    /// A glob-style pattern.
    Pattern,
    /// A moment, in seconds or milliseconds since 1970.
    UnixTime,
    /// A token alone.
    PureToken,
    /// One of several.
    OneOf,
    /// Several in a row.
    Block,
}

impl Kind {
    /// Its name in `COMMAND DOCS`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Double => "double",
            Kind::Key => "key",
            Kind::Pattern => "pattern",
            Kind::UnixTime => "unix-time",
            Kind::PureToken => "pure-token",
            Kind::OneOf => "oneof",
            Kind::Block => "block",
        }
    }
}

/// What an argument looks like.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// What it is.
    pub kind: Kind,
    /// Its name in the documentation. A block without one is only a way to share its parts, which are documented
    /// in its place.
    pub name: &'static str,
    /// The word that introduces it.
    pub token: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated.
    pub multiple: bool,
    /// Whether it is a number of keys followed by that many keys.
    pub counted: bool,
    /// The flags of a key in `COMMAND INFO`, where the handler's type does not tell them.
    pub access: Option<&'static str>,
    /// The parts of a block, or the choices of a oneof.
    pub parts: &'static [Spec],
}

impl Spec {
    /// A word that is there or not.
    pub const TOKEN: Spec = Spec::of(Kind::PureToken);

    /// One word of this kind.
    pub const fn of(kind: Kind) -> Spec {
        Spec {
            kind,
            name: "",
            token: None,
            optional: false,
            multiple: false,
            counted: false,
            access: None,
            parts: &[],
        }
    }

    /// Several arguments in a row.
    pub const fn block(parts: &'static [Spec]) -> Spec {
        Spec { parts, ..Spec::of(Kind::Block) }
    }

    /// One of several arguments.
    pub const fn one_of(parts: &'static [Spec]) -> Spec {
        Spec { parts, ..Spec::of(Kind::OneOf) }
    }

    /// The same under another name.
    pub const fn named(self, name: &'static str) -> Spec {
        Spec { name, ..self }
    }

    /// The same, introduced by `token`.
    pub const fn with_token(self, token: &'static str) -> Spec {
        Spec { token: Some(token), ..self }
    }

    /// The same, with these flags for its keys.
    pub const fn with_access(self, access: &'static str) -> Spec {
        Spec { access: Some(access), ..self }
    }

    /// The same, understood as a moment.
    pub const fn as_unix_time(self) -> Spec {
        Spec { kind: Kind::UnixTime, ..self }
    }

    /// Whether it is known by its first word.
    pub const fn begins_with_token(&self) -> bool {
        self.token.is_some() || matches!(self.kind, Kind::OneOf | Kind::PureToken)
    }

    /// The fewest words that it takes.
    pub const fn words_min(&self) -> usize {
        if self.optional {
            return 0;
        }
        let own = match self.kind {
            Kind::PureToken => 0,
            Kind::Block | Kind::OneOf => {
                let (mut all, mut fewest, mut part) = (0, None, 0);
                while part < self.parts.len() {
                    let words = self.parts[part].words_min();
                    all += words;
                    fewest = match fewest {
                        Some(fewest) if fewest <= words => Some(fewest),
                        _ => Some(words),
                    };
                    part += 1;
                }
                match (self.kind, fewest) {
                    (Kind::OneOf, Some(fewest)) => fewest,
                    _ => all,
                }
            }
            _ => 1,
        };
        own + self.token.is_some() as usize + self.counted as usize
    }

    /// Whether it always takes the same number of words.
    pub fn is_fixed(&self) -> bool {
        !self.optional
            && !self.multiple
            && self.parts.iter().all(Spec::is_fixed)
            && (self.kind != Kind::OneOf
                || self.parts.windows(2).all(|pair| pair[0].words_min() == pair[1].words_min()))
    }
}

/// Something that reads itself from the words of a request.
pub trait Parse<'a>: Sized {
    /// What it looks like.
    const SPEC: Spec;

    /// Whether `word` may be its first: what has no token takes any.
    fn begins(word: &[u8]) -> bool {
        let _ = word;
        true
    }

    /// Reads it.
    fn parse(parser: &mut Parser<'a>) -> Result<Self>;

    /// Names the keys in it, in their order.
    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        let _ = visit;
    }
}

/// Reads all of a command's arguments from `position` on; words that are left over are a syntax error.
#[inline]
pub fn parse_all<'a, A: Parse<'a>>(arguments: Arguments<'a>, position: usize) -> Result<A> {
    parse_rest(Parser::new(arguments, position))
}

/// Reads all that is left; words that are left over are a syntax error.
#[inline(always)]
pub(crate) fn parse_rest<'a, A: Parse<'a>>(mut parser: Parser<'a>) -> Result<A> {
    let parsed = A::parse(&mut parser)?;
    if parser.remaining() > 0 { Err(Error::Syntax) } else { Ok(parsed) }
}

impl<'a> Parse<'a> for Key<'a> {
    const SPEC: Spec = Spec::of(Kind::Key);

    #[inline(always)]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if let (1, Some(key)) = (parser.position, parser.first_key) {
            parser.skip();
            return Ok(key);
        }
        Ok(Key::new(parser.next()?))
    }

    #[inline]
    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(*self);
    }
}

impl<'a> Parse<'a> for &'a [u8] {
    const SPEC: Spec = Spec::of(Kind::String);

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        parser.next()
    }
}

impl<'a> Parse<'a> for i32 {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const OUT_OF_RANGE: Error =
            Error::fixed("ERR value is out of range, value must between -2147483648 and 2147483647");
        i32::try_from(i64::parse(parser)?).map_err(|_| OUT_OF_RANGE)
    }
}

impl<'a> Parse<'a> for i64 {
    const SPEC: Spec = Spec::of(Kind::Integer);

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        base::number::parse_i64(parser.next()?).ok_or(Error::NotInteger)
    }
}

impl<'a> Parse<'a> for f64 {
    const SPEC: Spec = Spec::of(Kind::Double);

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        base::number::parse_f64(parser.next()?).ok_or(Error::NotFloat)
    }
}

impl<'a> Parse<'a> for Extended {
    const SPEC: Spec = Spec::of(Kind::Double);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Extended::parse(parser.next()?).ok_or(Error::NotFloat)
    }
}

/// A glob-style pattern.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a>(pub &'a [u8]);

impl Pattern<'_> {
    /// Whether a key, or whatever a collection holds, is one of those. A lone `*` is all of them, the empty one
    /// included.
    pub fn matches(&self, name: &[u8]) -> bool {
        self.0 == b"*" || base::glob::matches(self.0, name)
    }
}

impl<'a> Parse<'a> for Pattern<'a> {
    const SPEC: Spec = Spec::of(Kind::Pattern);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Pattern(parser.next()?))
    }
}

impl<'a, T: Parse<'a>> Parse<'a> for Option<T> {
    const SPEC: Spec = Spec { optional: true, ..T::SPEC };

    fn begins(word: &[u8]) -> bool {
        T::begins(word)
    }

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        match parser.peek() {
            Some(word) if T::begins(word) => T::parse(parser).map(Some),
            _ => Ok(None),
        }
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        if let Some(inner) = self {
            inner.keys(visit);
        }
    }
}

/// What a `bool` field looks like; its token is the field's.
impl<'a> Parse<'a> for bool {
    const SPEC: Spec = Spec { optional: true, ..Spec::TOKEN };

    fn parse(_: &mut Parser<'a>) -> Result<Self> {
        Ok(true)
    }
}

/// An argument of one word that is read when the command asks for it: some look at their key first, or at
/// arguments that follow, and errors come in that order.
#[derive(Clone, Copy, Debug)]
pub struct Later<'a, T> {
    parser: Parser<'a>,
    what: PhantomData<fn() -> T>,
}

impl<'a, T: Parse<'a>> Later<'a, T> {
    /// Reads it.
    #[inline]
    pub fn read(mut self) -> Result<T> {
        T::parse(&mut self.parser)
    }
}

impl<'a, T: Parse<'a>> Parse<'a> for Later<'a, T> {
    const SPEC: Spec = T::SPEC;

    fn begins(word: &[u8]) -> bool {
        T::begins(word)
    }

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let later = Later { parser: *parser, what: PhantomData };
        parser.next()?;
        Ok(later)
    }
}

/// As [`Later`], for all arguments to the end of the request.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a, T> {
    parser: Parser<'a>,
    what: PhantomData<fn() -> T>,
}

impl<'a, T: Parse<'a>> Rest<'a, T> {
    /// Reads them; words that are left over are a syntax error.
    pub fn read(self) -> Result<T> {
        parse_rest(self.parser)
    }
}

impl<'a, T: Parse<'a>> Parse<'a> for Rest<'a, T> {
    const SPEC: Spec = T::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Rest { parser: parser.rest(), what: PhantomData })
    }
}

/// The last word of a request, which is not read where another follows.
#[derive(Clone, Copy, Debug)]
pub struct Last<T>(pub T);

impl<'a, T: Parse<'a>> Parse<'a> for Last<T> {
    const SPEC: Spec = T::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() > 1 { Err(Error::Syntax) } else { T::parse(parser).map(Last) }
    }
}

/// No word, but a subcommand's promise that no more than `MAX` follow: with more, Redis does not know it.
#[derive(Clone, Copy, Debug)]
pub struct AtMost<const MAX: usize>;

impl<'a, const MAX: usize> Parse<'a> for AtMost<MAX> {
    const SPEC: Spec = Spec::block(&[]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() <= MAX {
            return Ok(AtMost);
        }
        let container = shown(parser.name()).to_uppercase();
        let subcommand = shown(parser.subcommand());
        Err(Error::new(format_args!(
            "unknown subcommand or wrong number of arguments for '{subcommand:.128}'. Try {container} HELP."
        )))
    }
}

/// One or more, to the end of the request.
pub type Many<T> = SmallVec<[T; 4]>;

/// How many words, at least, each of several takes.
const fn words_each(spec: &Spec) -> usize {
    match spec.words_min() {
        0 => 1,
        words => words,
    }
}

impl<'a, T: Parse<'a>> Parse<'a> for Many<T> {
    const SPEC: Spec = Spec { multiple: true, ..T::SPEC };

    #[inline(always)]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut parsed = Many::with_capacity(parser.remaining() / const { words_each(&T::SPEC) });
        loop {
            parsed.push(T::parse(parser)?);
            if parser.remaining() == 0 {
                return Ok(parsed);
            }
        }
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        for inner in self {
            inner.keys(visit);
        }
    }
}

/// One or more keys, up to the last word of the request, which is another argument.
#[derive(Clone, Debug)]
pub struct KeysButLast<'a>(pub Many<Key<'a>>);

impl<'a> Parse<'a> for KeysButLast<'a> {
    const SPEC: Spec = Spec { multiple: true, ..Spec::of(Kind::Key) };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let count = parser.remaining().saturating_sub(1);
        (0..count).map(|_| Key::parse(parser)).collect::<Result<_>>().map(KeysButLast)
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

/// A number from zero on; there is one error for whatever is not.
#[derive(Clone, Copy, Debug)]
pub struct NonNegative(pub usize);

impl NonNegative {
    /// Reads it, where `error` says that it is not one.
    pub fn parse_or(parser: &mut Parser<'_>, error: Error) -> Result<NonNegative> {
        let number = base::number::parse_i64(parser.next()?);
        number.and_then(|number| usize::try_from(number).ok()).map(NonNegative).ok_or(error)
    }
}

impl<'a> Parse<'a> for NonNegative {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        NonNegative::parse_or(parser, Error::NotPositive)
    }
}

/// A pair, such as a field and its value; half a pair is a wrong number of arguments.
#[derive(Clone, Copy, Debug)]
pub struct Pair<A, B>(pub A, pub B);

/// Names the two halves of a [`Pair`] for the documentation.
pub trait PairNames {
    /// The halves, named.
    const PARTS: &'static [Spec];
}

impl<'a, A: Parse<'a>, B: Parse<'a>> Parse<'a> for Pair<A, B>
where
    Pair<A, B>: PairNames,
{
    const SPEC: Spec = Spec::block(<Pair<A, B> as PairNames>::PARTS);

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() < 2 {
            return Err(Error::WrongArity);
        }
        Ok(Pair(A::parse(parser)?, B::parse(parser)?))
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
        self.1.keys(visit);
    }
}

impl PairNames for Pair<Key<'_>, &[u8]> {
    const PARTS: &'static [Spec] = &[Spec::of(Kind::Key).named("key"), Spec::of(Kind::String).named("value")];
}

impl PairNames for Pair<&[u8], &[u8]> {
    const PARTS: &'static [Spec] =
        &[Spec::of(Kind::String).named("field"), Spec::of(Kind::String).named("value")];
}

/// A number of keys, then that many keys.
#[derive(Clone, Debug)]
pub struct CountedKeys<'a>(pub Many<Key<'a>>);

impl<'a> Parse<'a> for CountedKeys<'a> {
    const SPEC: Spec = Spec { counted: true, multiple: true, ..Spec::of(Kind::Key) };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_POSITIVE: Error = Error::fixed("ERR numkeys should be greater than 0");
        let count = base::number::parse_i64(parser.next()?).ok_or(NOT_POSITIVE)?;
        if count <= 0 {
            return Err(NOT_POSITIVE);
        }
        CountedKeys::take(parser, count)
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

/// A number of keys, which may be zero, then that many keys: what scripts are run with.
#[derive(Clone, Debug)]
pub struct ScriptKeys<'a>(pub Many<Key<'a>>);

impl<'a> Parse<'a> for ScriptKeys<'a> {
    const SPEC: Spec = Spec { optional: true, ..CountedKeys::SPEC };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const TOO_MANY: Error = Error::fixed("ERR Number of keys can't be greater than number of args");
        const NEGATIVE: Error = Error::fixed("ERR Number of keys can't be negative");
        let count = i64::parse(parser)?;
        match usize::try_from(count) {
            Err(_) => Err(NEGATIVE),
            Ok(count) if count > parser.remaining() => Err(TOO_MANY),
            Ok(count) => (0..count).map(|_| Key::parse(parser)).collect::<Result<_>>().map(ScriptKeys),
        }
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

impl<'a> CountedKeys<'a> {
    /// Reads `count` keys; a syntax error when there are not as many words.
    pub fn take(parser: &mut Parser<'a>, count: i64) -> Result<CountedKeys<'a>> {
        match usize::try_from(count) {
            Ok(count) if count <= parser.remaining() => {
                (0..count).map(|_| Key::parse(parser)).collect::<Result<_>>().map(CountedKeys)
            }
            _ => Err(Error::Syntax),
        }
    }
}
