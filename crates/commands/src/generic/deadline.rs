//! What EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT have in common.

use crate::prelude::*;

/// When to set a deadline, by the one that is there.
#[derive(Clone, Copy, Default)]
pub struct Conditions {
    /// Only if there is none.
    absent: bool,
    /// Only if there is one.
    present: bool,
    /// Only if it is later.
    greater: bool,
    /// Only if it is earlier.
    less: bool,
}

impl<'a> Parse<'a> for Conditions {
    const SPEC: Spec = Spec::one_of(&[
        Spec::TOKEN.named("nx").with_token("NX"),
        Spec::TOKEN.named("xx").with_token("XX"),
        Spec::TOKEN.named("gt").with_token("GT"),
        Spec::TOKEN.named("lt").with_token("LT"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut conditions = Conditions::default();
        while let Some(word) = parser.peek() {
            parser.skip();
            match word.to_ascii_lowercase().as_slice() {
                b"nx" => conditions.absent = true,
                b"xx" => conditions.present = true,
                b"gt" => conditions.greater = true,
                b"lt" => conditions.less = true,
                _ => {
                    let word = shown(word);
                    return Err(Error::new(format_args!("Unsupported option {word}")));
                }
            }
        }
        if conditions.absent && (conditions.present || conditions.greater || conditions.less) {
            return Err(Error::fixed("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if conditions.greater && conditions.less {
            return Err(Error::fixed("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }
}

impl Conditions {
    /// Whether a key whose deadline is `old` (`None`: it never expires) may get the deadline `new`.
    fn allow(self, old: Option<u64>, new: u64) -> bool {
        !(self.absent && old.is_some()
            || self.present && old.is_none()
            || self.greater && old.is_none_or(|old| new <= old)
            || self.less && old.is_some_and(|old| new >= old))
    }
}

/// A moment as a client gives it.
pub struct Moment {
    /// Since 1970, or from now on.
    pub value: i64,
    /// Its unit, in milliseconds.
    pub unit_ms: i64,
    /// Whether it counts from 1970.
    pub is_absolute: bool,
}

/// Gives the key the deadline, if the conditions allow it, and says whether it did. `command` is the name for an
/// error.
pub fn expire(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    moment: Moment,
    conditions: Conditions,
    command: &str,
) -> Result<bool> {
    let base_ms = if moment.is_absolute { 0 } else { txn.now_ms() as i64 };
    let at_ms = moment.value.checked_mul(moment.unit_ms).and_then(|ms| ms.checked_add(base_ms));
    let at_ms =
        at_ms.ok_or_else(|| Error::new(format_args!("invalid expire time in '{command}' command")))?;
    // What lies before 1970 has passed as well as 1970 has.
    let at_ms = u64::try_from(at_ms).unwrap_or(0);
    Ok(match txn.deadline(key) {
        Some(old) if conditions.allow(old, at_ms) => {
            let is_set = txn.set_deadline(key, Some(at_ms));
            did_set_deadline(txn, key, Some(at_ms));
            is_set
        }
        _ => false,
    })
}

/// Says that a key, which was there, was given this deadline: it is gone where that has passed.
pub fn did_set_deadline(txn: &mut WriteTxn<'_>, key: &Key<'_>, deadline_ms: Option<u64>) {
    let horizon_ms = txn.horizon_ms();
    txn.did(|did| match deadline_ms {
        None => did.command([b"PERSIST", key.bytes]),
        Some(deadline_ms) if deadline_ms <= horizon_ms => did.command([b"DEL", key.bytes]),
        Some(deadline_ms) => did.command([b"PEXPIREAT", key.bytes, deadline_ms.to_string().as_bytes()]),
    });
}

/// Replies with a deadline: -2 when there is no key, -1 when it never expires.
pub fn reply_deadline(
    view: &ReadView<'_>,
    key: &Key<'_>,
    reply: &mut Reply,
    show: impl FnOnce(u64) -> u64,
) -> Result<()> {
    match view.look_for(key) {
        None => reply.integer(-2),
        Some(entry) => reply.integer(entry.deadline_ms().map_or(-1, |deadline_ms| show(deadline_ms) as i64)),
    }
    Ok(())
}
