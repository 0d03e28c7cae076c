//! Integers of any size, with the few operations that exact conversion between decimal and binary needs.

/// A whole number.
#[derive(Clone, Debug)]
pub(super) struct Natural {
    /// 64 bits each, the lowest first; the last one is not zero.
    limbs: Vec<u64>,
}

impl Natural {
    /// The largest power of ten that a limb holds, and how many digits it has after the one.
    const CHUNK: u64 = 10u64.pow(Self::CHUNK_DIGITS as u32);
    const CHUNK_DIGITS: usize = 19;

    pub fn new(value: u64) -> Self {
        Self { limbs: if value == 0 { Vec::new() } else { vec![value] } }
    }

    /// The number with these decimal digits, each from 0 to 9.
    pub fn from_digits(digits: impl Iterator<Item = u8>) -> Self {
        let mut number = Self::new(0);
        let (mut chunk, mut unit) = (0, 1);
        for digit in digits {
            chunk = chunk * 10 + u64::from(digit);
            unit *= 10;
            if unit == Self::CHUNK {
                number.multiply_and_add(unit, chunk);
                (chunk, unit) = (0, 1);
            }
        }
        number.multiply_and_add(unit, chunk);
        number
    }

    pub fn multiply_and_add(&mut self, factor: u64, addend: u64) {
        let mut carry = addend;
        for limb in &mut self.limbs {
            let product = u128::from(*limb) * u128::from(factor) + u128::from(carry);
            *limb = product as u64;
            carry = (product >> 64) as u64;
        }
        if carry != 0 {
            self.limbs.push(carry);
        }
    }

    /// Divides, rounding down, and returns the remainder.
    pub fn divide(&mut self, divisor: u64) -> u64 {
        let mut remainder = 0;
        for limb in self.limbs.iter_mut().rev() {
            let dividend = u128::from(remainder) << 64 | u128::from(*limb);
            *limb = (dividend / u128::from(divisor)) as u64;
            remainder = (dividend % u128::from(divisor)) as u64;
        }
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        remainder
    }

    pub fn shift_left(&mut self, bits: u32) {
        self.multiply_and_add(1 << (bits % 64), 0);
        if !self.limbs.is_empty() {
            self.limbs.splice(0..0, std::iter::repeat_n(0, (bits / 64) as usize));
        }
    }

    /// How many bits the number has, leading zeros not counted.
    pub fn bits(&self) -> u32 {
        self.limbs.last().map_or(0, |highest| 64 * self.limbs.len() as u32 - highest.leading_zeros())
    }

    /// The highest bits, at least 65 of them if there are so many; how many lower ones were dropped; and
    /// whether one of those is set.
    pub fn highest_bits(&self) -> (u128, u32, bool) {
        match self.limbs[..] {
            [] => (0, 0, false),
            [only] => (only.into(), 0, false),
            [ref rest @ .., low, high] => {
                let bits = u128::from(high) << 64 | u128::from(low);
                (bits, 64 * rest.len() as u32, rest.iter().any(|&limb| limb != 0))
            }
        }
    }

    /// Appends the decimal digits to `out`; one `0` for zero.
    pub fn write(mut self, out: &mut Vec<u8>) {
        let mut chunks = Vec::new();
        while !self.limbs.is_empty() {
            chunks.push(self.divide(Self::CHUNK));
        }
        let first = chunks.pop().unwrap_or(0);
        out.extend_from_slice(itoa::Buffer::new().format(first).as_bytes());
        for chunk in chunks.into_iter().rev() {
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(chunk).as_bytes();
            out.resize(out.len() + Self::CHUNK_DIGITS - digits.len(), b'0');
            out.extend_from_slice(digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_and_written() {
        for text in [
            "0",
            "7",
            "18446744073709551615",
            "18446744073709551616",
            "100000000000000000000000000000000000000000",
        ] {
            let number = Natural::from_digits(text.bytes().map(|byte| byte - b'0'));
            let mut out = Vec::new();
            number.write(&mut out);
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn arithmetic_against_128_bits() {
        let mut random = crate::random::Random::from_seed(5);
        for _ in 0..2_000 {
            let (a, b) = (random.next_u64() >> random.below(64), random.next_u64() >> random.below(64) | 1);
            let mut number = Natural::new(a);
            number.multiply_and_add(b, 3);
            let expected = u128::from(a) * u128::from(b) + 3;
            assert_eq!(number.highest_bits(), (expected, 0, false));
            assert_eq!(number.bits(), u128::BITS - expected.leading_zeros());

            let shift = random.below(200) as u32;
            number.shift_left(shift);
            let (highest, dropped, _) = number.highest_bits();
            assert_eq!(number.bits(), u128::BITS - expected.leading_zeros() + shift);
            assert_eq!(number.bits(), u128::BITS - highest.leading_zeros() + dropped);
            assert!(dropped == 0 || highest >> 64 != 0);
            for _ in 0..shift {
                assert_eq!(number.divide(2), 0);
            }
            assert_eq!(number.highest_bits(), (expected, 0, false));

            let mut quotient = Natural::new(a);
            quotient.multiply_and_add(b, 0);
            assert_eq!(quotient.divide(b), 0);
            assert_eq!(quotient.highest_bits().0, u128::from(a));
        }
    }
}
