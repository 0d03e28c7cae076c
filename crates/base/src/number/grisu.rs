//! The decimal digits of a double, by Grisu2.
//!
//! F. Loitsch, *Printing Floating-Point Numbers Quickly and Accurately with Integers*, PLDI 2010, with the cached
//! powers of ten and the choice among them that the C library `fpconv` made, because Redis writes scores with it:
//! in one case of a thousand Grisu2 misses the shortest digits, and which ones it writes then follows from them.

/// `digits * 10^exponent`, where the digits are read as an integer.
#[derive(Debug)]
pub(super) struct Decimal {
    digits: [u8; Self::DIGITS_MAX],
    count: usize,
    pub exponent: i32,
}

impl Decimal {
    const DIGITS_MAX: usize = 18;

    /// ASCII digits, the first of which is not `0`.
    pub fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    /// Appends a digit, unless it is a leading zero.
    fn push(&mut self, digit: u64) {
        if digit != 0 || self.count != 0 {
            self.digits[self.count] = b'0' + digit as u8;
            self.count += 1;
        }
    }
}

/// `mantissa * 2^exponent`.
#[derive(Clone, Copy, Debug)]
struct Scaled {
    mantissa: u64,
    exponent: i32,
}

impl Scaled {
    /// The same number with the mantissa's highest bit set.
    const fn normalized(self) -> Self {
        let shift = self.mantissa.leading_zeros();
        Self { mantissa: self.mantissa << shift, exponent: self.exponent - shift as i32 }
    }

    /// The product, rounded to 64 bits (half up).
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        Self { mantissa: ((product + (1 << 63)) >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// Digits that read back as `value`, which must be positive and finite.
pub(super) fn decimal(value: f64) -> Decimal {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    const HIDDEN_BIT: u64 = 1 << FRACTION_BITS;
    let bits = value.to_bits();
    let (biased, fraction) = ((bits >> FRACTION_BITS) as i32, bits & (HIDDEN_BIT - 1));
    let exact = Scaled {
        mantissa: if biased == 0 { fraction } else { fraction | HIDDEN_BIT },
        exponent: biased.max(1) - 1_075,
    };

    // Halfway to the neighbours; the lower one is nearer where the exponent changes.
    let upper = Scaled { mantissa: (exact.mantissa << 1) + 1, exponent: exact.exponent - 1 }.normalized();
    let lower_shift = if exact.mantissa == HIDDEN_BIT { 2 } else { 1 };
    let lower = Scaled {
        mantissa: ((exact.mantissa << lower_shift) - 1) << (exact.exponent - lower_shift - upper.exponent),
        exponent: upper.exponent,
    };

    let (power, power_exponent) = power_of_ten_for(upper.exponent);
    let target = exact.normalized().times(power).mantissa;
    let mut upper = upper.times(power);
    // One unit of caution on either side for what the products lost.
    upper.mantissa -= 1;
    let lower = lower.times(power).mantissa + 1;
    generate(target, upper, upper.mantissa - lower, -power_exponent)
}

/// Writes the digits of `upper` until what is left is below `delta`, the width of the interval whose numbers
/// read back as the same double, then steps the last digit down towards `target`.
fn generate(target: u64, upper: Scaled, mut delta: u64, decimal_exponent: i32) -> Decimal {
    let mut decimal = Decimal { digits: [0; Decimal::DIGITS_MAX], count: 0, exponent: decimal_exponent };
    let mut distance = upper.mantissa - target;
    let fraction_bits = -upper.exponent as u32;
    let one = 1u64 << fraction_bits;
    let mut whole = upper.mantissa >> fraction_bits;
    let mut fraction = upper.mantissa & (one - 1);

    let mut unit = 1_000_000_000;
    for place in (0..10).rev() {
        decimal.push(whole / unit);
        whole %= unit;
        let rest = (whole << fraction_bits) + fraction;
        if rest <= delta {
            decimal.exponent += place;
            step_down(&mut decimal, rest, delta, unit << fraction_bits, distance);
            return decimal;
        }
        unit /= 10;
    }
    for place in 1.. {
        fraction *= 10;
        delta *= 10;
        distance = distance.wrapping_mul(10);
        decimal.push(fraction >> fraction_bits);
        fraction &= one - 1;
        if fraction < delta {
            decimal.exponent -= place;
            step_down(&mut decimal, fraction, delta, one, distance);
            break;
        }
    }
    decimal
}

/// Lowers the last digit while that brings the number, which is `rest` below the upper bound, nearer to the
/// target, which is `distance` below it, and keeps it above the lower bound at `delta`.
fn step_down(decimal: &mut Decimal, mut rest: u64, delta: u64, unit: u64, distance: u64) {
    while rest < distance && delta - rest >= unit {
        let next = rest.wrapping_add(unit);
        if next >= distance && distance - rest <= next - distance {
            break;
        }
        decimal.digits[decimal.count - 1] -= 1;
        rest = next;
    }
}

/// The cached power of ten that brings a number with the binary exponent `exponent` to one between -60 and -32,
/// and its decimal exponent.
fn power_of_ten_for(exponent: i32) -> (Scaled, i32) {
    let estimate = (f64::from(-(exponent + POWERS as i32)) * std::f64::consts::LOG10_2) as i32;
    let mut index = (estimate - POWER_FIRST) / POWER_STEP;
    loop {
        let power = POWERS_OF_TEN[index as usize];
        match exponent + power.exponent + 64 {
            ..-60 => index += 1,
            -60..=-32 => return (power, POWER_FIRST + index * POWER_STEP),
            _ => index -= 1,
        }
    }
}

const POWERS: usize = 87;
const POWER_FIRST: i32 = -348;
const POWER_STEP: i32 = 8;

/// `10^(POWER_FIRST + index * POWER_STEP)`, each the nearest with 64 bits.
static POWERS_OF_TEN: [Scaled; POWERS] = powers_of_ten();

/// Steps away from 10^4 in both directions with 128 bits, of which at most 44 steps can spoil the last seven.
const fn powers_of_ten() -> [Scaled; POWERS] {
    const TEN_TO_4: usize = 44;
    const STEP: u128 = 10u128.pow(POWER_STEP as u32);
    const START: u128 = 10_000;
    let mut powers = [Scaled { mantissa: 0, exponent: 0 }; POWERS];

    let mut wide = START << START.leading_zeros();
    let mut exponent = -(START.leading_zeros() as i32);
    let mut index = TEN_TO_4;
    loop {
        powers[index] = to_64_bits(wide, exponent);
        index += 1;
        if index == POWERS {
            break;
        }
        // `wide * STEP`, in two halves because it has 155 bits.
        let low = (wide & u64::MAX as u128) * STEP;
        let high = (wide >> 64) * STEP + (low >> 64);
        let shift = 64 - high.leading_zeros();
        wide = high << (64 - shift) | (low & u64::MAX as u128) >> shift;
        exponent += shift as i32;
    }

    let mut wide = START << START.leading_zeros();
    let mut exponent = -(START.leading_zeros() as i32);
    let mut index = TEN_TO_4;
    while index > 0 {
        index -= 1;
        // `wide / STEP`, with the remainder carried on for the bits that the quotient lacks.
        let (quotient, remainder) = (wide / STEP, wide % STEP);
        let shift = quotient.leading_zeros();
        wide = (quotient << shift) + (remainder << shift) / STEP;
        exponent -= shift as i32;
        powers[index] = to_64_bits(wide, exponent);
    }
    powers
}

const fn to_64_bits(wide: u128, exponent: i32) -> Scaled {
    let round_up = (wide >> 63 & 1) as u64;
    Scaled { mantissa: (wide >> 64) as u64 + round_up, exponent: exponent + 64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::extended::Extended;

    #[test]
    fn the_powers_of_ten_are_the_nearest_ones() {
        for (index, power) in (0..).zip(&POWERS_OF_TEN) {
            let text = format!("1e{}", POWER_FIRST + index * POWER_STEP);
            let nearest = Extended::parse(text.as_bytes()).expect("within the bounds");
            assert_eq!(nearest.parts(), Some((power.mantissa, power.exponent)), "{text}");
        }
    }
}
