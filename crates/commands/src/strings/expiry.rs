//! The expiry options that SET and GETEX share.

use crate::prelude::*;

/// When a string that is being set expires.
#[derive(Args, Clone, Copy)]
pub enum SetExpiry {
    /// In so many seconds.
    #[arg(token = "EX", name = "seconds")]
    Seconds(i64),
    /// In so many milliseconds.
    #[arg(token = "PX", name = "milliseconds")]
    Milliseconds(i64),
    /// At this second since 1970.
    #[arg(token = "EXAT", name = "unix-time-seconds", unix_time)]
    AtSeconds(i64),
    /// At this millisecond since 1970.
    #[arg(token = "PXAT", name = "unix-time-milliseconds", unix_time)]
    AtMilliseconds(i64),
    /// When the value before did.
    #[arg(token = "KEEPTTL")]
    Keep,
}

impl SetExpiry {
    /// The deadline, for the command called `command`.
    pub fn deadline(self, now_ms: u64, command: &str) -> Result<Deadline> {
        let (value, unit_ms, base_ms) = match self {
            SetExpiry::Seconds(seconds) => (seconds, 1000, now_ms),
            SetExpiry::Milliseconds(milliseconds) => (milliseconds, 1, now_ms),
            SetExpiry::AtSeconds(seconds) => (seconds, 1000, 0),
            SetExpiry::AtMilliseconds(milliseconds) => (milliseconds, 1, 0),
            SetExpiry::Keep => return Ok(Deadline::Keep),
        };
        let invalid = || Error::new(format_args!("invalid expire time in '{command}' command"));
        if value <= 0 {
            return Err(invalid());
        }
        let at_ms =
            value.checked_mul(unit_ms).and_then(|ms| ms.checked_add(base_ms as i64)).ok_or_else(invalid)?;
        Ok(Deadline::At(at_ms as u64))
    }
}
