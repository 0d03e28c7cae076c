//! What ZADD and ZINCRBY have in common.

use values::zset::Change;

use crate::prelude::*;

/// Which members are added or changed, and how.
#[derive(Clone, Copy, Default)]
pub struct Conditions {
    /// Only members that are not there.
    pub absent: bool,
    /// Only members that are there.
    pub present: bool,
    /// Only to a higher score.
    pub greater: bool,
    /// Only to a lower score.
    pub less: bool,
}

/// What came of one member.
pub struct Added {
    /// What changed.
    pub change: Change,
    /// Its score; `None` when the conditions kept it from being set.
    pub score: Option<f64>,
}

const NOT_A_NUMBER: Error = Error::fixed("ERR resulting score is not a number (NaN)");

/// Sets the score of `member`, or adds `score` to it where `increments`.
pub fn add(
    set: &mut keyspace::ZSetMut<'_>,
    member: &[u8],
    score: f64,
    conditions: Conditions,
    increments: bool,
) -> Result<Added> {
    let mut outcome = Ok(None);
    let change = set.update(member, |old| {
        let new = old.filter(|_| increments).map_or(score, |old| old + score);
        if new.is_nan() {
            outcome = Err(NOT_A_NUMBER);
            return None;
        }
        let is_allowed = match old {
            None => !conditions.present,
            Some(old) => {
                !(conditions.absent || conditions.greater && new <= old || conditions.less && new >= old)
            }
        };
        if is_allowed {
            outcome = Ok(Some(new));
        }
        is_allowed.then_some(new)
    });
    Ok(Added { change, score: outcome? })
}
