//! When a string that is set or got expires.

use crate::prelude::*;

/// How a client says when.
#[derive(Clone, Copy)]
pub enum Unit {
    /// In so many seconds.
    Seconds,
    /// In so many milliseconds.
    Milliseconds,
    /// At this second since 1970.
    AtSeconds,
    /// At this millisecond since 1970.
    AtMilliseconds,
}

impl Unit {
    /// The moment, in Unix milliseconds, that `value` stands for; `command` is named by the error.
    pub fn moment(self, value: i64, now_ms: u64, command: &str) -> Result<u64> {
        let (unit_ms, base_ms) = match self {
            Unit::Seconds => (1000, now_ms),
            Unit::Milliseconds => (1, now_ms),
            Unit::AtSeconds => (1000, 0),
            Unit::AtMilliseconds => (1, 0),
        };
        let moment = value.checked_mul(unit_ms).and_then(|ms| ms.checked_add(base_ms as i64));
        match moment {
            Some(moment) if value > 0 => Ok(moment as u64),
            _ => Err(Error::new(format_args!("invalid expire time in '{command}' command"))),
        }
    }
}

/// When a string that is being set expires.
#[derive(Args, Clone, Copy)]
pub enum SetExpiry<'a> {
    /// See [`Unit::Seconds`].
    #[arg(token = "EX", name = "seconds")]
    Seconds(Later<'a, i64>),
    /// See [`Unit::Milliseconds`].
    #[arg(token = "PX", name = "milliseconds")]
    Milliseconds(Later<'a, i64>),
    /// See [`Unit::AtSeconds`].
    #[arg(token = "EXAT", name = "unix-time-seconds", unix_time)]
    AtSeconds(Later<'a, i64>),
    /// See [`Unit::AtMilliseconds`].
    #[arg(token = "PXAT", name = "unix-time-milliseconds", unix_time)]
    AtMilliseconds(Later<'a, i64>),
    /// When the value before did.
    #[arg(token = "KEEPTTL")]
    Keep,
}

impl SetExpiry<'_> {
    /// The deadline, for the command called `command`.
    pub fn deadline(self, now_ms: u64, command: &str) -> Result<Deadline> {
        let (unit, value) = match self {
            SetExpiry::Seconds(value) => (Unit::Seconds, value),
            SetExpiry::Milliseconds(value) => (Unit::Milliseconds, value),
            SetExpiry::AtSeconds(value) => (Unit::AtSeconds, value),
            SetExpiry::AtMilliseconds(value) => (Unit::AtMilliseconds, value),
            SetExpiry::Keep => return Ok(Deadline::Keep),
        };
        unit.moment(value.read()?, now_ms, command).map(Deadline::At)
    }
}

/// Says that `key` was set, or else removed, whatever the request made that depend on. So many changes had been made
/// `before`.
pub fn did_set(txn: &mut WriteTxn<'_>, before: u64, key: &Key<'_>, value: &[u8], deadline: Deadline) {
    let (has_changed, horizon_ms) = (txn.changes() > before, txn.horizon_ms());
    txn.did(|did| match deadline {
        _ if !has_changed => {}
        Deadline::Never => did.command([b"SET", key.bytes, value]),
        Deadline::Keep => did.command([b"SET", key.bytes, value, b"KEEPTTL"]),
        Deadline::At(deadline_ms) if deadline_ms <= horizon_ms => did.command([b"DEL", key.bytes]),
        Deadline::At(deadline_ms) => {
            did.command([b"SET", key.bytes, value, b"PXAT", deadline_ms.to_string().as_bytes()]);
        }
    });
}

/// When a value that is got expires from now on.
#[derive(Args, Clone, Copy)]
pub enum GetExpiry<'a> {
    /// See [`Unit::Seconds`].
    #[arg(token = "EX", name = "seconds")]
    Seconds(Later<'a, i64>),
    /// See [`Unit::Milliseconds`].
    #[arg(token = "PX", name = "milliseconds")]
    Milliseconds(Later<'a, i64>),
    /// See [`Unit::AtSeconds`].
    #[arg(token = "EXAT", name = "unix-time-seconds", unix_time)]
    AtSeconds(Later<'a, i64>),
    /// See [`Unit::AtMilliseconds`].
    #[arg(token = "PXAT", name = "unix-time-milliseconds", unix_time)]
    AtMilliseconds(Later<'a, i64>),
    /// Never.
    #[arg(token = "PERSIST")]
    Persist,
}

impl GetExpiry<'_> {
    /// The deadline that `moment` makes of a unit and a value, if there is to be one.
    pub fn deadline_ms(self, moment: impl FnOnce(Unit, i64) -> Result<u64>) -> Result<Option<u64>> {
        let (unit, value) = match self {
            GetExpiry::Seconds(value) => (Unit::Seconds, value),
            GetExpiry::Milliseconds(value) => (Unit::Milliseconds, value),
            GetExpiry::AtSeconds(value) => (Unit::AtSeconds, value),
            GetExpiry::AtMilliseconds(value) => (Unit::AtMilliseconds, value),
            GetExpiry::Persist => return Ok(None),
        };
        moment(unit, value.read()?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_700_000_000_000;

    #[test]
    fn moments_are_relative_or_not() {
        for (unit, value, moment) in [
            (Unit::Seconds, 5, NOW_MS + 5000),
            (Unit::Milliseconds, 5, NOW_MS + 5),
            (Unit::AtSeconds, 5, 5000),
            (Unit::AtMilliseconds, 5, 5),
            (Unit::AtMilliseconds, i64::MAX, i64::MAX as u64),
        ] {
            assert_eq!(unit.moment(value, NOW_MS, "set"), Ok(moment));
        }
    }

    #[test]
    fn what_is_no_moment() {
        let error = Err(Error::new("invalid expire time in 'setex' command"));
        for (unit, value) in [
            (Unit::Seconds, 0),
            (Unit::AtMilliseconds, -1),
            (Unit::Seconds, i64::MAX / 1000),
            (Unit::AtSeconds, i64::MAX / 1000 + 1),
            (Unit::Milliseconds, i64::MAX),
            (Unit::Milliseconds, i64::MIN),
        ] {
            assert_eq!(unit.moment(value, NOW_MS, "setex"), error, "{value}");
        }
    }
}
