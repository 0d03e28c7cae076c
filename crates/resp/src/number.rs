//! Numbers as text, the way Redis reads and writes them.

use smallvec::SmallVec;

/// Digits that always fit in an `i64`.
const SAFE_DIGITS: usize = 18;

/// Reads a whole text as a decimal `i64`, as strictly as Redis (`string2ll`): no plus sign, no blank, no leading zero,
/// no `-0`.
pub(crate) fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'0'] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !matches!(digits.first(), Some(b'1'..=b'9')) || digits.len() > SAFE_DIGITS + 1 {
        return None;
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Counted downwards, because there is one more negative number than there are positive ones.
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// The text of a double; all of them fit without an allocation.
pub(crate) type DoubleText = SmallVec<[u8; 32]>;

/// Doubles up to this magnitude that have no fraction are written as integers, digit for digit.
const INTEGER_MAGNITUDE_MAX: f64 = (1u64 << 62) as f64;

/// A double as Redis 7.2 writes it: the shortest digits that read back as the same number, laid out as its `fpconv`
/// does it (plain up to some zeros, `1e+21` and `1e-7` beyond).
pub(crate) fn double_text(value: f64) -> DoubleText {
    let mut out = DoubleText::new();
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if value.abs() <= INTEGER_MAGNITUDE_MAX && value.trunc() == value {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        lay_out(value, &mut out);
    }
    out
}

/// Writes a finite double other than 0.
fn lay_out(value: f64, out: &mut DoubleText) {
    if value < 0.0 {
        out.push(b'-');
    }
    // `d.ddde±x`: the standard library finds the shortest digits, the layout is ours.
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes the exponent in decimal");
    let digits: SmallVec<[u8; 20]> = mantissa.bytes().filter(|&byte| byte != b'.').collect();
    let count = digits.len() as i32;
    // value = digits * 10^scale
    let scale = exponent - (count - 1);

    if scale >= 0 && exponent.abs() < count + 7 {
        out.extend_from_slice(&digits);
        out.resize(out.len() + scale as usize, b'0');
    } else if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        if exponent < 0 {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + (-exponent - 1) as usize, b'0');
            out.extend_from_slice(&digits);
        } else {
            let (whole, fraction) = digits.split_at(exponent as usize + 1);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.extend_from_slice(mantissa.as_bytes());
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        out.extend_from_slice(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_strictly() {
        for number in [0, 1, 9, 10, -1, -10, 999_999_999_999_999_999, i64::MAX, i64::MIN] {
            assert_eq!(parse_i64(number.to_string().as_bytes()), Some(number));
        }
        for text in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "01",
            "00",
            "-0",
            "-01",
            "1a",
            "a",
            "1.0",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
            "100000000000000000000000000",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn doubles_are_written_as_redis_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-3.0, "-3"),
            (1.1, "1.1"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (2.3283064365386963, "2.3283064365386963"),
            (1234567.891, "1234567.891"),
            (1e15, "1000000000000000"),
            (1e18, "1000000000000000000"),
            (4611686018427387904.0, "4611686018427387904"),
            (1e19, "1e+19"),
            (-1e21, "-1e+21"),
            (12345678901234567890.0, "12345678901234567000"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (0.001, "0.001"),
            (0.000001, "0.000001"),
            (0.0000001, "1e-7"),
            (0.00012345, "1.2345e-4"),
            (0.0012345678, "0.0012345678"),
            (1.5e-10, "1.5e-10"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(String::from_utf8_lossy(&double_text(value)), expected);
        }
    }
}
