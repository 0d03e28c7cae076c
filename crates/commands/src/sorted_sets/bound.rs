//! The ends of ranges, as commands name them.

use values::zset::{LexBound, LexRange, ScoreBound, ScoreRange};

use crate::args::Kind;
use crate::prelude::*;

/// One end of a range of scores: `1.5`, `(1.5`, `-inf`.
#[derive(Clone, Copy)]
pub struct Score(pub ScoreBound);

impl Score {
    /// The end that `word` names.
    pub fn of(word: &[u8]) -> Result<Score> {
        let (exclusive, number) = match word.strip_prefix(b"(") {
            Some(number) => (true, number),
            None => (false, word),
        };
        // What is too large is infinite, and what is too small is zero.
        let number = base::number::parse_f64_as_c(number);
        let number = number.ok_or(Error::fixed("ERR min or max is not a float"))?;
        Ok(Score(ScoreBound { value: number.value, exclusive }))
    }
}

impl<'a> Parse<'a> for Score {
    const SPEC: Spec = Spec::of(Kind::Double);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Score::of(parser.next()?)
    }
}

/// One end of a range of ranks, as it was written: it is read only when the options behind it make sense.
#[derive(Clone, Copy)]
pub struct Rank<'a>(pub &'a [u8]);

impl<'a> Parse<'a> for Rank<'a> {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        parser.next().map(Rank)
    }
}

/// The scores between two ends.
pub fn scores(min: Score, max: Score) -> ScoreRange {
    ScoreRange { min: min.0, max: max.0 }
}

/// One end of a range of members: `[a`, `(a`, `-`, `+`.
#[derive(Clone, Copy)]
pub struct Lex<'a>(pub LexBound<'a>);

impl<'a> Lex<'a> {
    /// The end that `word` names.
    pub fn of(word: &'a [u8]) -> Result<Lex<'a>> {
        Ok(Lex(match word {
            b"-" => LexBound::NegativeInfinity,
            b"+" => LexBound::PositiveInfinity,
            [b'[', member @ ..] => LexBound::Inclusive(member),
            [b'(', member @ ..] => LexBound::Exclusive(member),
            _ => return Err(Error::fixed("ERR min or max not valid string range item")),
        }))
    }
}

impl<'a> Parse<'a> for Lex<'a> {
    const SPEC: Spec = Spec::of(Kind::String);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Lex::of(parser.next()?)
    }
}

/// The members between two ends.
pub fn members<'a>(min: Lex<'a>, max: Lex<'a>) -> LexRange<'a> {
    LexRange { min: min.0, max: max.0 }
}
