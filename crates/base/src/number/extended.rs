//! The numbers of INCRBYFLOAT and HINCRBYFLOAT, which Redis keeps in a C `long double`.
//!
//! On x86 that is the 80-bit extended format: 64 bits of precision, magnitudes from 2^-16445 to 2^16384. Its
//! eleven bits beyond a `double` are why Redis adds 1.1 and 2.2 to 3.3 and not to 3.3000000000000003. An
//! [`Extended`] is that format in integer arithmetic, on every processor: reading, adding and writing all round
//! exactly as x86 and glibc do, so replies and stored values are Redis' own, digit by digit.

use super::binary::{Format, Rounded, Unrounded, parse_exponent, parse_hexadecimal};
use super::double::{is_infinity, split_sign};
use super::natural::Natural;

/// x86's extended precision.
const EXTENDED: Format = Format { precision_bits: 64, exponent_min: -16_445, magnitude_bits_max: 16_384 };

/// A number in x86's 80-bit extended precision, or an infinity; never NaN. Zero has no sign: nothing would show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Magnitude {
    /// `mantissa * 2^exponent`. Unless the number is zero or subnormal, the mantissa's highest bit is set.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
}

impl Magnitude {
    const ZERO: Self = Self::Finite { mantissa: 0, exponent: EXTENDED.exponent_min };

    /// `None` when the number is so large that it would become infinite, or so small that it would become zero.
    fn round(number: Unrounded) -> Option<Self> {
        if number.mantissa == 0 {
            return Some(Self::ZERO);
        }
        match EXTENDED.round(number) {
            Rounded::Overflow | Rounded::Finite { mantissa: 0, .. } => None,
            Rounded::Finite { mantissa, exponent } => Some(Self::Finite { mantissa, exponent }),
        }
    }
}

impl Extended {
    fn new(magnitude: Magnitude, negative: bool) -> Self {
        Self { magnitude, negative: negative && magnitude != Magnitude::ZERO }
    }

    /// Redis reads into a buffer of 5 KiB that has to end with a zero byte.
    const TEXT_BYTES_MAX: usize = 5 * 1_024 - 1;

    /// The number nearest to what `text` spells, by the rules of [`parse_f64`](super::parse_f64) applied to
    /// this format, for texts of less than 5 KiB.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > Self::TEXT_BYTES_MAX {
            return None;
        }
        let (magnitude, negative) = split_sign(text);
        let magnitude = match magnitude {
            [b'0', b'x' | b'X', digits @ ..] => Magnitude::round(parse_hexadecimal(digits)?)?,
            _ if is_infinity(magnitude) => Magnitude::Infinite,
            _ => Magnitude::round(Decimal::parse(magnitude)?.to_binary()?)?,
        };
        Some(Self::new(magnitude, negative))
    }

    /// Whether this is a number, not an infinity.
    pub fn is_finite(self) -> bool {
        self.magnitude != Magnitude::Infinite
    }

    /// The sum, rounded to the nearest number. `None` if it is not finite.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (
            Magnitude::Finite { mantissa: mantissa_a, exponent: exponent_a },
            Magnitude::Finite { mantissa: mantissa_b, exponent: exponent_b },
        ) = (self.magnitude, other.magnitude)
        else {
            return None;
        };
        if mantissa_a == 0 {
            return Some(other);
        }
        if mantissa_b == 0 {
            return Some(self);
        }
        if exponent_a < exponent_b {
            return other.checked_add(self);
        }

        /// How far the number with the larger exponent is shifted at most: 126 bits and one for the carry.
        const SHIFT_MAX: u32 = 62;
        let distance = exponent_a.abs_diff(exponent_b);
        let shift = distance.min(SHIFT_MAX);
        let a = u128::from(mantissa_a) << shift;
        let exponent = i64::from(exponent_a) - i64::from(shift);
        // What of the other one lies below that scale is not needed exactly: only whether there is anything.
        let below = distance - shift;
        let b = mantissa_b.checked_shr(below).unwrap_or(0);
        let inexact = below > mantissa_b.trailing_zeros();
        let b = u128::from(b);

        let (mantissa, negative) = if self.negative == other.negative {
            (a + b, self.negative)
        } else if inexact {
            // The other one is `b` and a bit, so the difference is one less than `a - b`, and a bit.
            (a - b - 1, self.negative)
        } else {
            (a.abs_diff(b), if a > b { self.negative } else { other.negative })
        };
        let magnitude = Magnitude::round(Unrounded { mantissa, exponent, inexact })?;
        Some(Self::new(magnitude, negative))
    }

    /// Appends the number to `out` as a person writes it, Redis' `%.17Lf` without the zeros at its end: rounded
    /// to 17 digits after the point, no exponent, no point if nothing follows it, no `-0`.
    pub fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        match self.magnitude {
            Magnitude::Infinite => out.extend_from_slice(b"inf"),
            Magnitude::Finite { mantissa, exponent: exponent @ 0.. } => {
                let mut number = Natural::new(mantissa);
                number.shift_left(exponent.unsigned_abs());
                number.write(out);
            }
            Magnitude::Finite { mantissa, exponent } => {
                write_fraction(mantissa, exponent.unsigned_abs(), out)
            }
        }
        if self.negative && out[start..] != *b"0" {
            out.insert(start, b'-');
        }
    }
}

impl From<i64> for Extended {
    fn from(value: i64) -> Self {
        let number = Unrounded { mantissa: value.unsigned_abs().into(), exponent: 0, inexact: false };
        let magnitude = Magnitude::round(number).expect("64 bits are within the format's bounds");
        Self::new(magnitude, value < 0)
    }
}

/// Appends `value` to `out` as [`Extended::write`] does, for GEOPOS' coordinates. NaN is written `nan`.
pub fn write_human(value: f64, out: &mut Vec<u8>) {
    let magnitude = match value.abs() {
        magnitude if magnitude.is_nan() => return out.extend_from_slice(b"nan"),
        f64::INFINITY => Magnitude::Infinite,
        magnitude => {
            const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
            let (biased, fraction) = (magnitude.to_bits() >> FRACTION_BITS, magnitude.to_bits() << 12 >> 12);
            let hidden = u128::from(biased != 0) << FRACTION_BITS;
            let mantissa = u128::from(fraction) | hidden;
            let exponent = biased.max(1) as i64 - 1_075;
            let number = Unrounded { mantissa, exponent, inexact: false };
            Magnitude::round(number).expect("every double is within the wider format's bounds")
        }
    };
    Extended::new(magnitude, value.is_sign_negative()).write(out);
}

/// Writes `mantissa / 2^shift` with up to 17 digits after the point, an exact half rounded to the even digit.
fn write_fraction(mantissa: u64, shift: u32, out: &mut Vec<u8>) {
    const DIGITS: usize = 17;
    const UNIT: u128 = 10u128.pow(DIGITS as u32);
    let mut whole = mantissa.checked_shr(shift).unwrap_or(0);
    let rest = u128::from(mantissa) - (u128::from(whole) << shift.min(64));
    // Below 2^121; from a shift of 122 on it is less than half a unit.
    let scaled = rest * UNIT;
    let mut fraction = 0;
    if shift < 122 {
        fraction = scaled >> shift;
        let (lost, half) = (scaled & ((1 << shift) - 1), 1 << (shift - 1));
        fraction += u128::from(lost > half || lost == half && fraction & 1 == 1);
    }
    if fraction == UNIT {
        fraction = 0;
        whole += 1;
    }
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    if fraction != 0 {
        out.push(b'.');
        // One more than the unit's digits, so that the fraction's leading zeros are written too.
        let mut buffer = itoa::Buffer::new();
        let digits = &buffer.format(UNIT + fraction).as_bytes()[1..];
        let kept = DIGITS - digits.iter().rev().take_while(|&&digit| digit == b'0').count();
        out.extend_from_slice(&digits[..kept]);
    }
}

/// A decimal number as it was spelled: the digits of `text` as an integer, times `10^exponent`.
struct Decimal<'a> {
    /// Digits, at least one, with at most one point among them; leading zeros taken off.
    text: &'a [u8],
    digit_count: usize,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (mut digit_count, mut leading_zeros, mut fraction_digits) = (0, 0, 0);
        let mut point = false;
        let mut end = text.len();
        for (at, &byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    digit_count += 1;
                    fraction_digits += i64::from(point);
                    leading_zeros += usize::from(byte == b'0' && leading_zeros + 1 == digit_count);
                }
                b'.' if !point => point = true,
                b'e' | b'E' => {
                    end = at;
                    break;
                }
                _ => return None,
            }
        }
        if digit_count == 0 {
            return None;
        }
        let exponent = if end < text.len() { parse_exponent(&text[end + 1..])? } else { 0 };
        let digit_count = digit_count - leading_zeros;
        Some(Self { text: &text[..end], digit_count, exponent: exponent - fraction_digits })
    }

    /// The digits, each from 0 to 9, leading zeros among them.
    fn digits(&self) -> impl Iterator<Item = u8> {
        self.text.iter().filter(|&&byte| byte != b'.').map(|byte| byte - b'0')
    }

    /// The number with all the bits that rounding it needs. `None` if it is far beyond the format's bounds.
    fn to_binary(&self) -> Option<Unrounded> {
        /// The format's magnitudes in powers of ten, and some more.
        const MAGNITUDES: std::ops::Range<i64> = -4_960..4_940;
        if self.digit_count == 0 {
            return Some(Unrounded { mantissa: 0, exponent: 0, inexact: false });
        }
        if !MAGNITUDES.contains(&(self.digit_count as i64 + self.exponent)) {
            return None;
        }
        let power = u32::try_from(self.exponent.unsigned_abs()).expect("within the bounds just checked");
        Some(if self.exponent < 0 { self.divide(power) } else { self.multiply(power) })
    }

    /// The digits times `10^power`.
    fn multiply(&self, power: u32) -> Unrounded {
        let mut number = Natural::from_digits(self.digits());
        for_powers_of_five(power, |factor| number.multiply_and_add(factor, 0));
        let (mantissa, dropped, inexact) = number.highest_bits();
        Unrounded { mantissa, exponent: i64::from(power) + i64::from(dropped), inexact }
    }

    /// The digits divided by `10^power`.
    fn divide(&self, power: u32) -> Unrounded {
        /// So many digits fit 127 bits.
        const DIGITS_IN_128_BITS: usize = 38;
        if self.digit_count <= DIGITS_IN_128_BITS && power <= FIVES_IN_64_BITS {
            // What people write, without an allocation: 128 bits by at most 63 leave at least 65.
            let digits = self.digits().fold(0u128, |number, digit| number * 10 + u128::from(digit));
            let shift = digits.leading_zeros();
            let divisor = u128::from(5u64.pow(power));
            let (mantissa, remainder) = ((digits << shift) / divisor, (digits << shift) % divisor);
            let exponent = -i64::from(shift) - i64::from(power);
            return Unrounded { mantissa, exponent, inexact: remainder != 0 };
        }
        let mut number = Natural::from_digits(self.digits());
        // 5^power has fewer than 7/3 bits per power; 68 more are enough for rounding to the format's 64.
        let shift = (power * 7 / 3 + 68).saturating_sub(number.bits());
        number.shift_left(shift);
        let mut remainders = 0;
        for_powers_of_five(power, |divisor| remainders |= number.divide(divisor));
        let (mantissa, dropped, inexact) = number.highest_bits();
        let exponent = i64::from(dropped) - i64::from(shift) - i64::from(power);
        Unrounded { mantissa, exponent, inexact: inexact || remainders != 0 }
    }
}

/// 5^27 is the highest power of five below 2^64.
const FIVES_IN_64_BITS: u32 = 27;

/// Calls `apply` with factors whose product is `5^power`.
fn for_powers_of_five(mut power: u32, mut apply: impl FnMut(u64)) {
    while power > 0 {
        let step = power.min(FIVES_IN_64_BITS);
        apply(5u64.pow(step));
        power -= step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Extended {
        /// The mantissa and the exponent of a finite number.
        pub(in crate::number) fn parts(self) -> Option<(u64, i32)> {
            match self.magnitude {
                Magnitude::Finite { mantissa, exponent } => Some((mantissa, exponent)),
                Magnitude::Infinite => None,
            }
        }
    }

    fn parse(text: &str) -> Extended {
        Extended::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text:?} is a number"))
    }

    fn text(number: Extended) -> String {
        let mut out = Vec::new();
        number.write(&mut out);
        String::from_utf8(out).expect("digits are ASCII")
    }

    /// As x86 and glibc compute it.
    #[test]
    fn sums_as_incrbyfloat_replies_them() {
        for (a, b, sum) in [
            ("0", "0", "0"),
            ("-0", "-0", "0"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "200", "5200"),
            ("3.0e3", "200", "3200"),
            ("1.1", "2.2", "3.3"),
            ("0.1", "0.2", "0.3"),
            ("3", "-1.1", "1.9"),
            ("1", "-1", "0"),
            ("-1.5", "1", "-0.5"),
            ("1.23", "-1.23", "0"),
            ("0.00000000000000001", "0", "0.00000000000000001"),
            ("0.000000000000000006", "0", "0.00000000000000001"),
            ("0.000000000000000004", "0", "0"),
            ("-1e-30", "0", "0"),
            ("1e-30", "1", "1"),
            ("12345678901234567890", "1", "12345678901234567891"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("18446744073709551615", "2", "18446744073709551616"),
            ("9223372036854775807", "0.5", "9223372036854775807.5"),
            ("1e30", "1", "1000000000000000000024696061952"),
            ("99999999999999999.9", "0.1", "100000000000000000"),
            ("0x1p-3", "0X.8", "0.625"),
            ("36893488147419103232", "-1", "36893488147419103232"),
            ("5e-4951", "-5e-4951", "0"),
            ("0.5", "1e-4950", "0.5"),
            ("1", "-1e-4950", "1"),
        ] {
            let total = parse(a).checked_add(parse(b)).expect("finite");
            assert_eq!(text(total), sum, "{a} + {b}");
            assert_eq!(parse(b).checked_add(parse(a)), Some(total), "{b} + {a}");
        }
    }

    #[test]
    fn the_last_bit_is_rounded_to_even() {
        let one_and = |bits: &str| parse(&format!("0x1.{bits}")).parts();
        let one = 1 << 63;
        assert_eq!(one_and("0000000000000001"), Some((one, -63)));
        assert_eq!(one_and("00000000000000010000000000000000000001"), Some((one + 1, -63)));
        assert_eq!(one_and("0000000000000003"), Some((one + 2, -63)));
        assert_eq!(parse("0x1.ffffffffffffffff").parts(), Some((one, -62)));
        // The same number in decimal, and with something behind its half.
        let half = "1.0000000000000000000542101086242752217003726400434970855712890625";
        assert_eq!(parse(half).parts(), Some((one, -63)));
        assert_eq!(parse(&format!("{half}{:0>400}", 1)).parts(), Some((one + 1, -63)));
    }

    #[test]
    fn the_bounds_of_the_format() {
        assert_eq!(parse("3.6451995318824746025e-4951").parts(), Some((1, -16_445)));
        assert_eq!(parse("1.18973149535723176502e4932").parts(), Some((u64::MAX, 16_320)));
        for text in
            ["1.2e4932", "1e4933", "1e99999999999", "1e-4952", "1e-99999999999", "0x1p16384", "0x1p-16446"]
        {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(text(parse("1e4932")).len(), 4_933);
        assert_eq!(parse("1e4932").checked_add(parse("1e4932")), None);
    }

    #[test]
    fn infinities() {
        let infinity = parse("-Infinity");
        assert!(!infinity.is_finite() && parse("1").is_finite());
        assert_eq!(text(infinity), "-inf");
        assert_eq!(infinity.checked_add(parse("1")), None);
        assert_eq!(infinity.checked_add(parse("inf")), None);
    }

    #[test]
    fn what_is_no_number() {
        for text in ["", " 1", "1 ", "nan", "e5", "1e", ".", "-", "1.2.3", "1x", "0x", "0xp1", "1\0", "+-1"] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Extended::parse(&[b'1'; 5 * 1_024]), None);
    }

    #[test]
    fn integers_and_doubles() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1 << 40] {
            assert_eq!(text(value.into()), value.to_string());
        }
        for (value, expected) in [
            (13.361_389_338_970_184, "13.36138933897018433"),
            (38.115_556_395_496_3, "38.11555639549629859"),
            (-0.0, "0"),
            (0.5, "0.5"),
            (-2.0, "-2"),
            (5e-324, "0"),
            (1e22, "10000000000000000000000"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            let mut out = b"> ".to_vec();
            write_human(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("> {expected}"));
        }
    }
}
