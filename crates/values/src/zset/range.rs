//! Ranges of scores and of members, as commands name them.

/// One end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreBound {
    /// The score at the end; infinities are allowed, NaN is not.
    pub value: f64,
    /// Whether that score is itself outside the range.
    pub exclusive: bool,
}

/// The scores from `min` to `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: ScoreBound,
    /// The upper end.
    pub max: ScoreBound,
}

impl ScoreRange {
    /// Every score.
    pub const ALL: ScoreRange = ScoreRange {
        min: ScoreBound { value: f64::NEG_INFINITY, exclusive: false },
        max: ScoreBound { value: f64::INFINITY, exclusive: false },
    };

    /// Whether `score` lies below the range.
    #[inline]
    pub(super) fn is_above(&self, score: f64) -> bool {
        score < self.min.value || (self.min.exclusive && score == self.min.value)
    }

    /// Whether `score` lies within the range or below it.
    #[inline]
    pub(super) fn reaches(&self, score: f64) -> bool {
        score < self.max.value || (!self.max.exclusive && score == self.max.value)
    }
}

/// One end of a range of members in the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member: `-`
    NegativeInfinity,
    /// After every member: `+`
    PositiveInfinity,
    /// From or up to this member: `[member`
    Inclusive(&'a [u8]),
    /// After or before this member: `(member`
    Exclusive(&'a [u8]),
}

/// The members from `min` to `max` of a sorted set whose scores are all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexBound<'a>,
    /// The upper end.
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether `member` lies below the range.
    pub(super) fn is_above(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::NegativeInfinity => false,
            LexBound::PositiveInfinity => true,
            LexBound::Inclusive(bound) => member < bound,
            LexBound::Exclusive(bound) => member <= bound,
        }
    }

    /// Whether `member` lies within the range or below it.
    pub(super) fn reaches(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::NegativeInfinity => false,
            LexBound::PositiveInfinity => true,
            LexBound::Inclusive(bound) => member <= bound,
            LexBound::Exclusive(bound) => member < bound,
        }
    }
}
