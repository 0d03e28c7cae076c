//! Numbers as text, read and written the way Redis does.
//!
//! * integers: [`parse_i64`], [`parse_u64_as_c`]; written with the `itoa` crate, which needs no help
//! * scores and other doubles: [`parse_f64`], [`format_double`], [`write_fixed`]
//! * INCRBYFLOAT's and GEOPOS' numbers: [`Extended`]
//! * amounts of memory in a configuration: [`parse_memory`]

mod binary;
mod double;
mod extended;
mod grisu;
mod natural;

pub use double::{CDouble, DoubleText, format_double, parse_f64, parse_f64_as_c, write_double, write_fixed};
pub use extended::{Extended, write_human};

/// The integer that `text` is the one canonical writing of, as Redis' `string2ll`: no `+`, no leading zeros, no
/// `-0`, no spaces. So `text` may be stored as the integer and given back unchanged.
///
/// ```
/// use base::number::parse_i64;
/// assert_eq!(parse_i64(b"-42"), Some(-42));
/// assert_eq!(parse_i64(b"042"), None);
/// ```
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    const LENGTH_MAX: usize = "-9223372036854775808".len();
    if text.len() > LENGTH_MAX {
        return None;
    }
    let (digits, negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    match digits {
        [b'1'..=b'9', ..] => {}
        [b'0'] if !negative => return Some(0),
        _ => return None,
    }
    let magnitude = fold_digits(digits)?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// The unsigned integer in `text`, where Redis leaves it to C's `strtoul`, as for cursors: leading zeros and a
/// sign are allowed, a negative number is as many below 2^64, a zero byte ends the text, and where there is none
/// the number is zero. Blanks may not stand before it.
///
/// ```
/// use base::number::parse_u64_as_c;
/// assert_eq!(parse_u64_as_c(b"+007\0rest"), Some(7));
/// assert_eq!(parse_u64_as_c(b"-1"), Some(u64::MAX));
/// assert_eq!(parse_u64_as_c(b""), Some(0));
/// ```
pub fn parse_u64_as_c(text: &[u8]) -> Option<u64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let (digits, is_negative) = match text {
        [] => return Some(0),
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] | digits => (digits, false),
    };
    let number = if digits.is_empty() { None } else { fold_digits(digits) };
    number.map(|number| if is_negative { number.wrapping_neg() } else { number })
}

/// The number that `digits` spell; `None` if it needs more than 64 bits or something is not a digit.
#[inline]
fn fold_digits(digits: &[u8]) -> Option<u64> {
    /// Any number of so many digits fits 64 bits.
    const SAFE_DIGITS: usize = 19;
    let (safe, rest) = digits.split_at(digits.len().min(SAFE_DIGITS));
    let mut number = 0;
    for &byte in safe {
        number = number * 10 + u64::from(digit(byte)?);
    }
    for &byte in rest {
        number = number.checked_mul(10)?.checked_add(u64::from(digit(byte)?))?;
    }
    Some(number)
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(value)
}

/// The bytes that an amount of memory in `redis.conf` stands for: digits and perhaps a unit, whose case does
/// not matter: `b`; `k`, `m`, `g` for powers of 1,000; `kb`, `mb`, `gb` for powers of 1,024.
///
/// `None` also for an amount beyond 64 bits, which Redis takes modulo 2^64, and for a unit with no digits
/// before it, which Redis takes for zero.
///
/// ```
/// assert_eq!(base::number::parse_memory(b"64kb"), Some(65_536));
/// ```
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits_len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, unit) = text.split_at(digits_len);
    let unit_bytes = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    if digits.is_empty() { None } else { fold_digits(digits)?.checked_mul(unit_bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_their_canonical_writing() {
        for value in [0, 1, -1, 9, 10, 42, -1_234_567_890, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1] {
            assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
        }
        let mut value = 1i64;
        while let Some(next) = value.checked_mul(7) {
            value = next;
            assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
            assert_eq!(parse_i64((-value).to_string().as_bytes()), Some(-value));
        }
    }

    #[test]
    fn what_is_no_canonical_integer() {
        for text in [
            "",
            "-",
            "+",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "1\0",
            "abc",
            "--1",
            "1-",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
            "123456789012345678901",
            "/1",
            ":1",
            "1/",
            "1:",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn unsigned_integers() {
        for (text, value) in [
            ("0", 0),
            ("007", 7),
            ("+5", 5),
            ("", 0),
            ("-0", 0),
            ("-1", u64::MAX),
            ("-18446744073709551615", 1),
            ("5\0x", 5),
            ("\0", 0),
            ("18446744073709551615", u64::MAX),
            ("0000000000000000000000000018446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_u64_as_c(text.as_bytes()), Some(value), "{text:?}");
        }
        for text in
            ["+", "-", "-+1", " 1", "1 ", "++1", "18446744073709551616", "-18446744073709551616", "1x"]
        {
            assert_eq!(parse_u64_as_c(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn amounts_of_memory() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1_024),
            ("1b", 1),
            ("1k", 1_000),
            ("1kb", 1_024),
            ("2M", 2_000_000),
            ("2mB", 2 << 20),
            ("3g", 3_000_000_000),
            ("1Gb", 1 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text:?}");
        }
        for text in
            ["", "b", "gb", "-1", "1 gb", "1tb", "1kbb", "1.5gb", "18446744073709551616", "17179869184gb"]
        {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text:?}");
        }
    }
}
