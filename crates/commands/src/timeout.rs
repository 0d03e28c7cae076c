//! How long a blocking command waits, as it is written: seconds, which may have a fraction, or milliseconds.

use base::number::CDouble;

use crate::args::{Kind, Parse, Parser, Spec};
use crate::error::{Error, Result};

const TOO_LONG: Error = Error::fixed("ERR timeout is out of range");
const NEGATIVE: Error = Error::fixed("ERR timeout is negative");

/// The timeout of a blocking command, in milliseconds; `None` waits for ever.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(pub Option<u64>);

impl<'a> Parse<'a> for Timeout {
    const SPEC: Spec = Spec::of(Kind::Double);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_FLOAT: Error = Error::fixed("ERR timeout is not a float or out of range");
        let word = parser.next()?;
        // Redis reads it as a number with a wider range than a double's.
        let seconds = base::number::Extended::parse(word).and_then(|_| base::number::parse_f64_as_c(word));
        let seconds = match seconds.ok_or(NOT_FLOAT)? {
            CDouble { value, is_out_of_range: true } if value == 0.0 => f64::MIN_POSITIVE.copysign(value),
            CDouble { value, .. } => value,
        };
        // Rounded up, so that a short wait does not become one without end.
        let timeout_ms = (seconds * 1000.0).ceil();
        if timeout_ms >= i64::MAX as f64 {
            Err(TOO_LONG)
        } else if timeout_ms < 0.0 {
            Err(NEGATIVE)
        } else {
            Ok(Timeout(Some(timeout_ms as u64).filter(|&timeout_ms| timeout_ms > 0)))
        }
    }
}

/// The timeout of a command that takes it in milliseconds; 0 waits for ever.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutMs(pub u64);

impl<'a> Parse<'a> for TimeoutMs {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_INTEGER: Error = Error::fixed("ERR timeout is not an integer or out of range");
        /// Longer, and its end would have no number of milliseconds since 1970 that Redis could hold: until the year 6429.
        const LONGEST_MS: u64 = i64::MAX as u64 - (1 << 47);
        let timeout_ms = base::number::parse_i64(parser.next()?).ok_or(NOT_INTEGER)?;
        match u64::try_from(timeout_ms) {
            Err(_) => Err(NEGATIVE),
            Ok(LONGEST_MS..) => Err(TOO_LONG),
            Ok(timeout_ms) => Ok(TimeoutMs(timeout_ms)),
        }
    }
}
