//! Rounding to a binary floating-point format, and C's hexadecimal writing of such numbers.

/// A positive number that is not rounded yet: `mantissa * 2^exponent`, and a bit more if `inexact`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unrounded {
    pub mantissa: u128,
    pub exponent: i64,
    /// Whether the number exceeds that product, by less than `2^exponent`.
    pub inexact: bool,
}

/// A binary format with numbers `mantissa * 2^exponent` whose mantissa has up to `precision_bits`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub precision_bits: u32,
    /// The exponent of the smallest (subnormal) numbers.
    pub exponent_min: i32,
    /// All numbers are below 2 to this power.
    pub magnitude_bits_max: i32,
}

/// What [`Format::round`] makes of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rounded {
    /// `mantissa * 2^exponent`; the mantissa has all the format's bits unless the exponent is the smallest one.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Overflow,
}

impl Format {
    /// The nearest number of the format, of two equally near ones the even one (IEEE 754's default).
    /// The mantissa must not be zero, and an inexact one must have at least a bit more than the format.
    pub fn round(self, number: Unrounded) -> Rounded {
        let Unrounded { mantissa, exponent, inexact } = number;
        let bits = i64::from(u128::BITS - mantissa.leading_zeros());
        // The number is at least 2^(magnitude - 1) and below 2^magnitude.
        let magnitude = bits + exponent;
        if magnitude > i64::from(self.magnitude_bits_max) {
            return Rounded::Overflow;
        }
        let target = (magnitude - i64::from(self.precision_bits)).max(i64::from(self.exponent_min));
        let drop = target - exponent;
        debug_assert!(drop >= 1 || !inexact, "an inexact number must be given with a bit to spare");
        let mut kept = match drop {
            ..0 => mantissa << -drop,
            0 => mantissa,
            1..=127 => {
                let (kept, rest) = (mantissa >> drop, mantissa & ((1 << drop) - 1));
                let half = 1 << (drop - 1);
                let up = rest > half || rest == half && (inexact || kept & 1 == 1);
                kept + u128::from(up)
            }
            // All bits are dropped. At 128 the highest of them may be the half that decides.
            128 => u128::from(mantissa > 1 << 127 || mantissa == 1 << 127 && inexact),
            _ => 0,
        };
        let mut target = target;
        if kept >> self.precision_bits == 1 {
            // Rounding carried into one bit more; the lowest is zero then.
            kept >>= 1;
            target += 1;
            if target + i64::from(self.precision_bits) > i64::from(self.magnitude_bits_max) {
                return Rounded::Overflow;
            }
        }
        let mantissa = u64::try_from(kept).expect("a mantissa has at most 64 bits");
        let exponent = i32::try_from(target).expect("an exponent between the format's bounds");
        Rounded::Finite { mantissa, exponent }
    }
}

/// The number that `text`, what follows `0x`, spells: hexadecimal digits with perhaps a point among them, then
/// perhaps `p` and a decimal exponent of two. `None` if it is not such a text; a mantissa of zero for zero.
pub(super) fn parse_hexadecimal(text: &[u8]) -> Option<Unrounded> {
    /// More digits than any format keeps, and four bits short of what a mantissa holds.
    const DIGITS_KEPT: u32 = 31;
    let (mut mantissa, mut kept, mut exponent, mut inexact) = (0u128, 0, 0i64, false);
    let (mut any_digit, mut after_point) = (false, false);
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if *byte == b'.' && !after_point {
            after_point = true;
            rest = tail;
            continue;
        }
        let Some(digit) = char::from(*byte).to_digit(16) else { break };
        any_digit = true;
        if kept < DIGITS_KEPT {
            mantissa = mantissa << 4 | u128::from(digit);
            kept += u32::from(mantissa != 0);
            exponent -= if after_point { 4 } else { 0 };
        } else {
            inexact |= digit != 0;
            exponent += if after_point { 0 } else { 4 };
        }
        rest = tail;
    }
    if !any_digit {
        return None;
    }
    match rest {
        [] => {}
        [b'p' | b'P', power @ ..] => exponent = exponent.saturating_add(parse_exponent(power)?),
        _ => return None,
    }
    Some(Unrounded { mantissa, exponent, inexact })
}

/// The decimal integer in `text`, which may have a sign. It saturates far beyond every format's exponents.
pub(super) fn parse_exponent(text: &[u8]) -> Option<i64> {
    const SATURATED: i64 = 1 << 40;
    let (digits, sign) = match text {
        [b'-', digits @ ..] => (digits, -1),
        [b'+', digits @ ..] | digits => (digits, 1),
    };
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits.iter().try_fold(0i64, |number, &byte| {
        Some((number * 10 + i64::from(super::digit(byte)?)).min(SATURATED))
    })?;
    Some(sign * magnitude)
}
