//! Doubles: scores, distances, and whatever else Redis keeps in a C `double`.

use super::binary::{Format, Rounded, parse_hexadecimal};
use super::grisu;

/// IEEE 754 binary64.
const DOUBLE: Format = Format { precision_bits: 53, exponent_min: -1_074, magnitude_bits_max: 1_024 };

/// The double nearest to what `text` spells, by the rules of C's `strtod` and Redis' `string2d`: decimal with
/// or without an exponent, hexadecimal (`0x1.8p3`), or `inf` or `infinity` in any case, each with an optional
/// sign. `None` for anything else, also for NaN, for surrounding spaces, and for a number so large or so small
/// that it would become infinite or zero.
///
/// ```
/// use base::number::parse_f64;
/// assert_eq!(parse_f64(b"-1.5e3"), Some(-1_500.0));
/// assert_eq!(parse_f64(b"+inf"), Some(f64::INFINITY));
/// assert_eq!(parse_f64(b"1e400"), None);
/// ```
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let number = read(text)?;
    (!number.is_lost()).then_some(number.value)
}

/// What `strtod` makes of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CDouble {
    /// The number; infinite or zero where it is too large or too small.
    pub value: f64,
    /// Whether `strtod` complains of the range: also where the number is so small that digits are lost.
    pub is_out_of_range: bool,
}

impl CDouble {
    const fn exact(value: f64) -> Self {
        Self { value, is_out_of_range: false }
    }

    /// Whether the text spells a number that has become infinite or zero.
    fn is_lost(self) -> bool {
        self.is_out_of_range && (self.value.is_infinite() || self.value == 0.0)
    }
}

fn read(text: &[u8]) -> Option<CDouble> {
    let (magnitude, negative) = split_sign(text);
    let number = match magnitude {
        [b'0', b'x' | b'X', digits @ ..] => hexadecimal(digits)?,
        // Rust reads an unsigned decimal as C does, and `nan`; a second sign must not pass.
        [b'0'..=b'9' | b'.', ..] => decimal(magnitude)?,
        _ if is_infinity(magnitude) => CDouble::exact(f64::INFINITY),
        _ => return None,
    };
    Some(CDouble { value: if negative { -number.value } else { number.value }, ..number })
}

/// As [`parse_f64`], where Redis leaves it to `strtod`: blanks may stand before the number, a zero byte ends the
/// text, where there is none the number is zero, and what is out of range is for the caller to judge.
///
/// ```
/// use base::number::parse_f64_as_c;
/// let value = |text: &[u8]| parse_f64_as_c(text).map(|number| number.value);
/// assert_eq!(value(b" 1.5\0rest"), Some(1.5));
/// assert_eq!(value(b""), Some(0.0));
/// assert_eq!(value(b"1e400"), Some(f64::INFINITY));
/// assert_eq!(value(b" "), None);
/// assert_eq!(value(b"1 "), None);
/// ```
pub fn parse_f64_as_c(text: &[u8]) -> Option<CDouble> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let blanks = text.iter().take_while(|byte| is_blank(byte)).count();
    if text.is_empty() { Some(CDouble::exact(0.0)) } else { read(&text[blanks..]) }
}

/// `text` without its sign, if it has one, and whether that is a `-`.
pub(super) fn split_sign(text: &[u8]) -> (&[u8], bool) {
    match text {
        [b'-', magnitude @ ..] => (magnitude, true),
        [b'+', magnitude @ ..] | magnitude => (magnitude, false),
    }
}

pub(super) fn is_infinity(magnitude: &[u8]) -> bool {
    magnitude.eq_ignore_ascii_case(b"inf") || magnitude.eq_ignore_ascii_case(b"infinity")
}

fn decimal(text: &[u8]) -> Option<CDouble> {
    /// So many digits are below 2^53, hence exact.
    const EXACT_DIGITS: usize = 15;
    if text.len() <= EXACT_DIGITS
        && let Some(integer) = super::fold_digits(text)
    {
        return Some(CDouble::exact(integer as f64));
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let underflow = || {
        let digits = text.iter().take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'));
        digits.into_iter().any(|byte| (b'1'..=b'9').contains(byte))
    };
    // No decimal below the normal numbers is one of them exactly, but with hundreds of digits.
    let is_out_of_range = value.is_infinite() || value.is_subnormal() || value == 0.0 && underflow();
    Some(CDouble { value, is_out_of_range })
}

fn hexadecimal(digits: &[u8]) -> Option<CDouble> {
    let number = parse_hexadecimal(digits)?;
    if number.mantissa == 0 {
        return Some(CDouble::exact(0.0));
    }
    match DOUBLE.round(number) {
        Rounded::Overflow => Some(CDouble { value: f64::INFINITY, is_out_of_range: true }),
        Rounded::Finite { mantissa: 0, .. } => Some(CDouble { value: 0.0, is_out_of_range: true }),
        Rounded::Finite { mantissa, exponent } => {
            const FRACTION_BITS: u32 = DOUBLE.precision_bits - 1;
            let fraction = mantissa & ((1 << FRACTION_BITS) - 1);
            let biased = if mantissa == fraction { 0 } else { exponent - DOUBLE.exponent_min + 1 };
            Some(CDouble::exact(f64::from_bits((biased as u64) << FRACTION_BITS | fraction)))
        }
    }
}

/// A double written out: at most 32 bytes, on the stack.
#[derive(Clone, Copy)]
pub struct DoubleText {
    bytes: [u8; Self::BYTES_MAX],
    length: u8,
}

impl DoubleText {
    /// Enough for the longest: a sign, 24 digits of an integer; or 17 digits, a point and `e-308`.
    const BYTES_MAX: usize = 32;

    fn new() -> Self {
        Self { bytes: [0; Self::BYTES_MAX], length: 0 }
    }

    fn push(&mut self, text: &[u8]) {
        let start = usize::from(self.length);
        self.bytes[start..start + text.len()].copy_from_slice(text);
        self.length += text.len() as u8;
    }

    fn push_zeros(&mut self, count: usize) {
        self.push(&[b'0'; Self::BYTES_MAX][..count]);
    }
}

impl std::ops::Deref for DoubleText {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl std::fmt::Debug for DoubleText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.escape_ascii().fmt(formatter)
    }
}

/// `value` as Redis 7.2 replies a score: digit by digit what its `d2string` writes.
///
/// A whole number up to 2^62 has no point and no exponent. Others have the digits that Grisu2 finds: they read
/// back as the same double, and in all but one of a thousand cases are the fewest that do. `inf`, `-inf`, `nan`,
/// `-0`.
///
/// ```
/// assert_eq!(&*base::number::format_double(3.1), b"3.1");
/// assert_eq!(&*base::number::format_double(1e21), b"1e+21");
/// ```
pub fn format_double(value: f64) -> DoubleText {
    const INTEGER_MAX: f64 = (i64::MAX / 2) as f64;
    let mut text = DoubleText::new();
    let integer = value as i64;
    if value.abs() <= INTEGER_MAX && integer as f64 == value && (integer != 0 || value.is_sign_positive()) {
        text.push(itoa::Buffer::new().format(integer).as_bytes());
        return text;
    }
    if value.is_nan() {
        text.push(b"nan");
        return text;
    }
    if value.is_sign_negative() {
        text.push(b"-");
    }
    if value == 0.0 {
        text.push(b"0");
    } else if value.is_infinite() {
        text.push(b"inf");
    } else {
        push_magnitude(value.abs(), &mut text);
    }
    text
}

/// Appends `value` to `out` as [`format_double`] writes it.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&format_double(value));
}

/// Writes a positive finite number, plainly if that is not too long and else with an exponent.
fn push_magnitude(value: f64, text: &mut DoubleText) {
    let decimal = grisu::decimal(value);
    let digits = decimal.digits();
    let count = digits.len() as i32;
    // The number is `digits * 10^last`, or 0.`digits` with the point moved `point` places to the right.
    let last = decimal.exponent;
    let point = last + count;
    let magnitude = (point - 1).abs();
    if last >= 0 && magnitude < count + 7 {
        text.push(digits);
        text.push_zeros(last as usize);
    } else if last < 0 && (last > -7 || magnitude < 4) {
        if point <= 0 {
            text.push(b"0.");
            text.push_zeros(-point as usize);
            text.push(digits);
        } else {
            let (whole, fraction) = digits.split_at(point as usize);
            text.push(whole);
            text.push(b".");
            text.push(fraction);
        }
    } else {
        let (first, rest) = digits.split_at(1);
        text.push(first);
        if !rest.is_empty() {
            text.push(b".");
            text.push(rest);
        }
        text.push(if point > 0 { b"e+" } else { b"e-" });
        text.push(itoa::Buffer::new().format(magnitude).as_bytes());
    }
}

/// Appends `value` to `out` with exactly `digits` (1 to 17) digits after the point, as GEODIST's four. The last
/// one is rounded after multiplying, as Redis' `fixedpoint_d2string`, so the product has to fit 64 bits.
pub fn write_fixed(value: f64, digits: u32, out: &mut Vec<u8>) {
    assert!((1..=17).contains(&digits), "from 1 to 17 digits after the point");
    let unit = 10u64.pow(digits);
    let scaled = (value * unit as f64).round_ties_even() as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let magnitude = scaled.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(magnitude / unit).as_bytes());
    out.push(b'.');
    // One more than the unit's digits, so that the fraction's leading zeros are written too.
    let fraction = unit + magnitude % unit;
    out.extend_from_slice(&itoa::Buffer::new().format(fraction).as_bytes()[1..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn check_parse(text: &str, expected: Option<f64>) {
        assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{text:?}");
    }

    #[test]
    fn what_strtod_reads() {
        for (text, value) in [
            ("0", 0.0),
            ("-0", -0.0),
            ("+5", 5.0),
            ("007", 7.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.5e1", -5.0),
            ("3.0e3", 3_000.0),
            ("1E+2", 100.0),
            ("0e999999999999999999999", 0.0),
            ("999999999999999", 999_999_999_999_999.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("179769313486231570000000000000000000000000e267", f64::MAX),
            ("4.9e-324", f64::from_bits(1)),
            ("2.4703282292062328e-324", f64::from_bits(1)),
            ("inf", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-INF", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("0x10", 16.0),
            ("-0X1.8p3", -12.0),
            ("0x.8", 0.5),
            ("0x1.p-1074", f64::from_bits(1)),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000081p0", 1.000_000_000_000_000_2),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x0p99999999999", 0.0),
        ] {
            check_parse(text, Some(value));
        }
    }

    #[test]
    fn what_redis_refuses() {
        for text in [
            "",
            " ",
            " 1",
            "1 ",
            "1\n",
            "\x0b1",
            "nan",
            "-nan",
            "NaN",
            "nan(1)",
            "in",
            "infinit",
            "infinityx",
            "+",
            "-",
            ".",
            "-.",
            "e5",
            "1e",
            "1e+",
            "1e5.5",
            "1.2.3",
            "--1",
            "+-1",
            "1,5",
            "1_000",
            "12a",
            "1\0",
            "1e400",
            "-1e400",
            "1e-400",
            "2.4703282292062327e-324",
            "0x",
            "0x.",
            "0xg",
            "0x1p",
            "0x1p+",
            "0x1p1024",
            "0x1p-1075",
            "0x1p99999999999999999999",
            "0x1.fffffffffffff8p1023",
            "\u{661}",
        ] {
            check_parse(text, None);
        }
        assert_eq!(parse_f64(b"1\xff"), None);
    }

    #[test]
    fn what_strtod_finds_out_of_range() {
        for (text, value, is_out_of_range) in [
            ("1e400", f64::INFINITY, true),
            ("-0x1p1024", f64::NEG_INFINITY, true),
            ("-inf", f64::NEG_INFINITY, false),
            ("1e-400", 0.0, true),
            ("0x1p-1076", 0.0, true),
            ("0e-400", 0.0, false),
            ("1e-310", 1e-310, true),
            ("0x1p-1074", 5e-324, false),
            ("1e-300", 1e-300, false),
        ] {
            let expected = CDouble { value, is_out_of_range };
            assert_eq!(parse_f64_as_c(text.as_bytes()), Some(expected), "{text:?}");
        }
    }

    /// What the C code that Redis 7.2 replies with was found to write.
    #[test]
    fn doubles_as_redis_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-42.0, "-42"),
            (3.1, "3.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-1.5, "-1.5"),
            (4_611_686_018_427_387_904.0, "4611686018427387904"),
            (9_223_372_036_854_775_808.0, "9223372036854776000"),
            (1e17, "100000000000000000"),
            (1e18, "1000000000000000000"),
            (1e19, "1e+19"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (-1.797_693_134_862_315_7e308, "-1.7976931348623157e+308"),
            (12_345_678_901_234_567_000_000.0, "12345678901234568000000"),
            (0.001, "0.001"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (0.000_012_34, "1.234e-5"),
            (0.000_123_456_789, "1.23456789e-4"),
            (0.001_234_567_89, "0.00123456789"),
            (5e-324, "5e-324"),
            (2.225_073_858_507_201_4e-308, "2.2250738585072014e-308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            let mut out = b"> ".to_vec();
            write_double(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("> {text}"));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut random = Random::from_seed(11);
        let mut longer = 0;
        for round in 0..200_000 {
            let value = match round % 3 {
                0 => f64::from_bits(random.next_u64()),
                1 => (random.next_u64() >> random.below(64)) as f64 / 1_000.0,
                _ => random.unit(),
            };
            if value.is_nan() {
                continue;
            }
            let text = format_double(value);
            assert_eq!(parse_f64(&text).map(f64::to_bits), Some(value.to_bits()), "{text:?}");
            let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
            if text.contains(&b'e') {
                let text = std::str::from_utf8(&text).expect("digits are ASCII");
                longer += u32::from(digits(text) > digits(&format!("{value:e}")));
            }
        }
        assert!((1..300).contains(&longer), "Grisu2 misses the shortest digits once in a thousand: {longer}");
    }

    #[test]
    fn distances_with_four_digits() {
        for (value, text) in [
            (0.0, "0.0000"),
            (166_274.151_6, "166274.1516"),
            (0.775, "0.7750"),
            (0.000_05, "0.0000"),
            (0.000_25, "0.0002"),
            (0.012_34, "0.0123"),
            (9.999_96, "10.0000"),
            (-0.5, "-0.5000"),
            (-12.345_67, "-12.3457"),
        ] {
            let mut out = Vec::new();
            write_fixed(value, 4, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
