//! When fields expire: what the commands on it have in common.

use smallvec::SmallVec;
use values::hash::HashRef;

use super::fields::Fields;
use crate::prelude::*;
use crate::strings::expiry;

/// The last moment at which a field may expire, in Unix milliseconds, as in Redis.
const DEADLINE_MS_MAX: i64 = (1 << 46) - 1;

/// How a client gives a moment.
#[derive(Clone, Copy)]
pub struct Unit {
    /// In milliseconds.
    pub ms: i64,
    /// Whether it counts from 1970, and not from now on.
    pub is_absolute: bool,
}

impl Unit {
    /// In so many seconds.
    pub const SECONDS: Unit = Unit { ms: 1000, is_absolute: false };
    /// In so many milliseconds.
    pub const MILLISECONDS: Unit = Unit { ms: 1, is_absolute: false };
    /// At this second since 1970.
    pub const AT_SECONDS: Unit = Unit { ms: 1000, is_absolute: true };
    /// At this millisecond since 1970.
    pub const AT_MILLISECONDS: Unit = Unit { ms: 1, is_absolute: true };

    /// The moment, in Unix milliseconds, that `value` stands for; `command` is named by the error.
    pub fn moment(self, value: i64, now_ms: u64, command: &str) -> Result<u64> {
        const NEGATIVE: Error = Error::fixed("ERR invalid expire time, must be >= 0");
        if value < 0 {
            return Err(NEGATIVE);
        }
        let base_ms = if self.is_absolute { 0 } else { now_ms as i64 };
        let moment = value.checked_mul(self.ms).and_then(|ms| ms.checked_add(base_ms));
        match moment.filter(|moment| *moment <= DEADLINE_MS_MAX) {
            Some(moment) => Ok(moment as u64),
            None => Err(Error::new(format_args!("invalid expire time in '{command}' command"))),
        }
    }

    /// The deadline as it is shown in this unit: a part of a second counts as one.
    pub fn show(self, deadline_ms: u64, now_ms: u64) -> i64 {
        let base_ms = if self.is_absolute { 0 } else { now_ms };
        (deadline_ms - base_ms).div_ceil(self.ms as u64) as i64
    }
}

impl From<expiry::Unit> for Unit {
    fn from(unit: expiry::Unit) -> Unit {
        match unit {
            expiry::Unit::Seconds => Unit::SECONDS,
            expiry::Unit::Milliseconds => Unit::MILLISECONDS,
            expiry::Unit::AtSeconds => Unit::AT_SECONDS,
            expiry::Unit::AtMilliseconds => Unit::AT_MILLISECONDS,
        }
    }
}

/// When to set a field's deadline, by the one that is there.
#[derive(Args, Clone, Copy)]
pub enum Condition {
    /// Only if there is none.
    #[arg(token = "NX")]
    Absent,
    /// Only if there is one.
    #[arg(token = "XX")]
    Present,
    /// Only if it is later.
    #[arg(token = "GT")]
    Greater,
    /// Only if it is earlier.
    #[arg(token = "LT")]
    Less,
}

impl Condition {
    fn allows(self, old: Option<u64>, new: u64) -> bool {
        match self {
            Condition::Absent => old.is_none(),
            Condition::Present => old.is_some(),
            Condition::Greater => old.is_some_and(|old| new > old),
            Condition::Less => old.is_none_or(|old| new < old),
        }
    }
}

/// What follows the moment of HEXPIRE and its like.
pub struct Options<'a> {
    condition: Option<Condition>,
    fields: Fields<'a>,
}

impl<'a> Parse<'a> for Options<'a> {
    const SPEC: Spec =
        Spec::block(&[Spec { optional: true, ..Condition::SPEC.named("condition") }, Fields::SPEC]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_POSITIVE: Error = Error::fixed("ERR Parameter `numFields` should be greater than 0");
        // One condition: what follows it has to be FIELDS.
        let condition = match parser.peek() {
            Some(word) if Condition::begins(word) => {
                let condition = match word.to_ascii_lowercase().as_slice() {
                    b"nx" => Condition::Absent,
                    b"xx" => Condition::Present,
                    b"gt" => Condition::Greater,
                    _ => Condition::Less,
                };
                parser.skip();
                Some(condition)
            }
            _ => None,
        };
        Ok(Options { condition, fields: Fields::parse_or(parser, NOT_POSITIVE)? })
    }
}

/// HEXPIRE and its like, by the unit of the moment. Replies for each field: -2 when it is not there, 0 when the
/// condition does not hold, 1 when it has the deadline, 2 when that has passed and the field is gone.
pub fn expire<'a>(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    (value, unit): (Later<'a, i64>, Unit),
    options: Rest<'a, Options<'a>>,
    command: &str,
    reply: &mut Reply,
) -> Result<()> {
    txn.call_changes("");
    let (changed, deadline_ms) = set_deadlines(txn, key, (value, unit), options, command, reply)?;
    changed.tell(txn, key, Some(deadline_ms));
    Ok(())
}

/// The part of [`expire`] that changes the hash: what it changed, and what to.
fn set_deadlines<'a>(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    (value, unit): (Later<'a, i64>, Unit),
    options: Rest<'a, Options<'a>>,
    command: &str,
    reply: &mut Reply,
) -> Result<(Changed<'a>, u64)> {
    let (now_ms, horizon_ms) = (txn.now_ms(), txn.horizon_ms());
    let hash = txn.hash_mut(key)?;
    let deadline_ms = unit.moment(value.read()?, now_ms, command)?;
    let Options { condition, fields: Fields(fields) } = options.read()?;
    let mut changed = Changed::default();
    reply.array(fields.len());
    let Some(mut hash) = hash else {
        fields.iter().for_each(|_| reply.integer(-2));
        return Ok((changed, deadline_ms));
    };
    let (mut is_set, mut is_removed) = (false, false);
    for field in fields {
        let old = hash.read().deadline_ms(field);
        reply.integer(match old {
            None => -2,
            Some(old) if condition.is_some_and(|condition| !condition.allows(old, deadline_ms)) => 0,
            Some(_) if deadline_ms <= horizon_ms => {
                is_removed |= hash.remove(field);
                changed.removed.push(field);
                2
            }
            Some(_) => {
                is_set |= hash.set_deadline_ms(field, Some(deadline_ms));
                changed.timed.push(field);
                1
            }
        });
    }
    if is_removed {
        hash.tell("hdel");
    } else if is_set {
        hash.tell("hexpire");
    }
    Ok((changed, deadline_ms))
}

/// What became of fields whose deadlines were to change.
#[derive(Default)]
pub struct Changed<'a> {
    /// Those that have another deadline, or none any more.
    pub timed: SmallVec<[&'a [u8]; 4]>,
    /// Those that are gone, since their time has passed.
    pub removed: SmallVec<[&'a [u8]; 4]>,
}

impl Changed<'_> {
    /// Says so: those that have another deadline have this one.
    pub fn tell(&self, txn: &mut WriteTxn<'_>, key: &Key<'_>, deadline_ms: Option<u64>) {
        txn.did(|did| {
            if !self.timed.is_empty() {
                let count = self.timed.len().to_string();
                let tail = [b"FIELDS", count.as_bytes()].into_iter().chain(self.timed.iter().copied());
                match deadline_ms {
                    Some(deadline_ms) => {
                        let deadline = deadline_ms.to_string();
                        did.command([b"HPEXPIREAT", key.bytes, deadline.as_bytes()].into_iter().chain(tail));
                    }
                    None => did.command([b"HPERSIST", key.bytes].into_iter().chain(tail)),
                }
            }
            if !self.removed.is_empty() {
                did.command([b"HDEL", key.bytes].into_iter().chain(self.removed.iter().copied()));
            }
        });
    }
}

/// HTTL and its like, by the unit of the reply: for each field -2 when it is not there, -1 when it never expires.
pub fn reply_deadlines<'a>(
    view: &ReadView<'_>,
    key: &Key<'_>,
    fields: Rest<'a, Fields<'a>>,
    unit: Unit,
    reply: &mut Reply,
) -> Result<()> {
    let hash = view.hash(key)?;
    let Fields(fields) = fields.read()?;
    let deadline_of = |field: &[u8]| hash.and_then(|hash: HashRef<'_>| hash.deadline_ms(field));
    reply.array(fields.len());
    for field in fields {
        reply.integer(match deadline_of(field) {
            None => -2,
            Some(None) => -1,
            Some(Some(deadline_ms)) => unit.show(deadline_ms, view.now_ms()),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_700_000_000_000;

    #[test]
    fn moments_are_relative_or_not() {
        for (unit, value, moment) in [
            (Unit::SECONDS, 5, NOW_MS + 5000),
            (Unit::MILLISECONDS, 0, NOW_MS),
            (Unit::AT_SECONDS, 0, 0),
            (Unit::AT_MILLISECONDS, DEADLINE_MS_MAX, DEADLINE_MS_MAX as u64),
        ] {
            assert_eq!(unit.moment(value, NOW_MS, "hexpire"), Ok(moment));
        }
    }

    #[test]
    fn what_is_no_moment() {
        let error = Err(Error::new("invalid expire time in 'hexpire' command"));
        for (unit, value) in [
            (Unit::SECONDS, i64::MAX),
            (Unit::SECONDS, DEADLINE_MS_MAX / 1000),
            (Unit::MILLISECONDS, DEADLINE_MS_MAX),
            (Unit::AT_SECONDS, DEADLINE_MS_MAX / 1000 + 1),
            (Unit::AT_MILLISECONDS, DEADLINE_MS_MAX + 1),
        ] {
            assert_eq!(unit.moment(value, NOW_MS, "hexpire"), error, "{value}");
        }
        let negative = Err(Error::new("invalid expire time, must be >= 0"));
        assert_eq!(Unit::SECONDS.moment(-1, NOW_MS, "hexpire"), negative);
        assert_eq!(Unit::SECONDS.moment(i64::MIN, NOW_MS, "hexpire"), negative);
    }

    #[test]
    fn a_part_of_a_second_is_shown_as_one() {
        assert_eq!(Unit::SECONDS.show(NOW_MS + 1, NOW_MS), 1);
        assert_eq!(Unit::MILLISECONDS.show(NOW_MS + 1, NOW_MS), 1);
        assert_eq!(Unit::AT_SECONDS.show(NOW_MS + 1, NOW_MS), NOW_MS as i64 / 1000 + 1);
    }
}
