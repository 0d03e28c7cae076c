//! How long a blocking command waits, as it is written: seconds, which may have a fraction.

use base::number::CDouble;

use crate::args::{Kind, Parse, Parser, Spec};
use crate::error::{Error, Result};

/// The timeout of a blocking command, in milliseconds; `None` waits for ever.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(pub Option<u64>);

impl<'a> Parse<'a> for Timeout {
    const SPEC: Spec = Spec::of(Kind::Double);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_FLOAT: Error = Error::fixed("ERR timeout is not a float or out of range");
        const TOO_LONG: Error = Error::fixed("ERR timeout is out of range");
        const NEGATIVE: Error = Error::fixed("ERR timeout is negative");
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
