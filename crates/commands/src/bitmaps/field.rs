//! Integers of any width at any bit of a string: what BITFIELD works on.

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// Two's complement, rather than unsigned.
    pub is_signed: bool,
    /// From 1 to 64, or to 63 without a sign.
    pub bits: u32,
}

/// What becomes of a value that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The lowest bits are kept.
    Wrap,
    /// It becomes the nearest value that fits.
    Saturate,
    /// Nothing is written.
    Fail,
}

/// A field and the bits around it lie in so many bytes at most.
const WINDOW_BYTES: usize = 9;

/// The bits of the window that begins with the byte of bit `offset`, highest first; what lies beyond the end of
/// `bytes` is zero.
fn window(bytes: &[u8], offset: usize) -> u128 {
    let mut window = [0; size_of::<u128>()];
    let rest = bytes.get(offset / 8..).unwrap_or_default();
    let len = rest.len().min(WINDOW_BYTES);
    window[..len].copy_from_slice(&rest[..len]);
    u128::from_be_bytes(window)
}

impl FieldType {
    /// Unused bits of a window below the field at `offset`.
    fn shift(self, offset: usize) -> u32 {
        u128::BITS - self.bits - (offset % 8) as u32
    }

    /// The value of the field at bit `offset`; bits beyond the end of `bytes` are zero.
    pub fn read(self, bytes: &[u8], offset: usize) -> i64 {
        self.wrap((window(bytes, offset) >> self.shift(offset)) as i128)
    }

    /// Sets the field at bit `offset`, all of which `bytes` has, to `value`, of which the lowest bits count.
    pub fn write(self, bytes: &mut [u8], offset: usize, value: i64) {
        let mask = u128::MAX >> (u128::BITS - self.bits) << self.shift(offset);
        let field = (value as u128) << self.shift(offset) & mask;
        let window = (window(bytes, offset) & !mask | field).to_be_bytes();
        let rest = &mut bytes[offset / 8..];
        let len = rest.len().min(WINDOW_BYTES);
        rest[..len].copy_from_slice(&window[..len]);
    }

    /// The least and the greatest value.
    fn bounds(self) -> (i128, i128) {
        if self.is_signed {
            let half = 1i128 << (self.bits - 1);
            (-half, half - 1)
        } else {
            (0, (1 << self.bits) - 1)
        }
    }

    /// The lowest bits of `value`, read as this type.
    fn wrap(self, value: i128) -> i64 {
        let unused = i128::BITS - self.bits;
        let shifted = value << unused;
        // Within 64 bits, and with 63 without a sign.
        (if self.is_signed { shifted >> unused } else { (shifted as u128 >> unused) as i128 }) as i64
    }

    /// The field's value after `value` is set; `None` when it does not fit and that is a failure.
    pub fn set(self, value: i64, overflow: Overflow) -> Option<i64> {
        let (_, max) = self.bounds();
        if self.is_signed && self.bits < 64 && max - i128::from(value) > i128::from(i64::MAX) {
            // So far below that Redis, whose difference has come round, takes it for too large.
            return self.fit(if overflow == Overflow::Saturate { max } else { i128::from(value) }, overflow);
        }
        // Redis reads a negative value for an unsigned field as a very large one.
        self.fit(if self.is_signed { i128::from(value) } else { i128::from(value as u64) }, overflow)
    }

    /// The field's value `old` after `increment` is added; `None` when the sum does not fit and that is a failure.
    pub fn add(self, old: i64, increment: i64, overflow: Overflow) -> Option<i64> {
        self.fit(i128::from(old) + i128::from(increment), overflow)
    }

    fn fit(self, value: i128, overflow: Overflow) -> Option<i64> {
        let (min, max) = self.bounds();
        match overflow {
            _ if (min..=max).contains(&value) => Some(value as i64),
            Overflow::Wrap => Some(self.wrap(value)),
            Overflow::Saturate => Some(value.clamp(min, max) as i64),
            Overflow::Fail => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use base::random::Random;

    use super::*;

    const fn signed(bits: u32) -> FieldType {
        FieldType { is_signed: true, bits }
    }

    const fn unsigned(bits: u32) -> FieldType {
        FieldType { is_signed: false, bits }
    }

    #[test]
    fn every_width_at_every_bit() {
        let mut random = Random::from_seed(9);
        let types = (1..=64).map(signed).chain((1..=63).map(unsigned));
        for field in types {
            for offset in 0..24 {
                let mut bytes: Vec<u8> = (0..11).map(|_| random.next_u64() as u8).collect();
                let before = bytes.clone();
                let value = field.wrap(i128::from(random.next_u64()));
                field.write(&mut bytes, offset, value);
                assert_eq!(field.read(&bytes, offset), value, "{field:?} at {offset}");
                let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
                for at in (0..offset).chain(offset + field.bits as usize..8 * bytes.len()) {
                    assert_eq!(bit(&bytes, at), bit(&before, at), "{field:?} at {offset} changed {at}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_end_all_is_zero() {
        assert_eq!(unsigned(8).read(b"", 0), 0);
        assert_eq!(unsigned(16).read(b"\x01", 0), 256);
        assert_eq!(signed(9).read(b"\xff", 0), -2);
        assert_eq!(signed(64).read(b"abc", 1 << 40), 0);
    }

    #[test]
    fn what_does_not_fit() {
        use Overflow::{Fail, Saturate, Wrap};
        for (field, old, increment, wrapped, saturated) in [
            (unsigned(2), 3, 1, 0, 3),
            (unsigned(8), 5, -6, 255, 0),
            (unsigned(63), i64::MAX, 1, 0, i64::MAX),
            (signed(8), 127, 1, -128, 127),
            (signed(8), -128, -1, 127, -128),
            (signed(1), 0, 1, -1, 0),
            (signed(64), i64::MAX, 1, i64::MIN, i64::MAX),
            (signed(64), i64::MIN, i64::MIN, 0, i64::MIN),
        ] {
            assert_eq!(field.add(old, increment, Wrap), Some(wrapped), "{field:?}");
            assert_eq!(field.add(old, increment, Saturate), Some(saturated), "{field:?}");
            assert_eq!(field.add(old, increment, Fail), None, "{field:?}");
            assert_eq!(field.add(old, 0, Fail), Some(old), "{field:?}");
        }
        for (field, value, wrapped, saturated) in [
            (unsigned(8), 256, 0, 255),
            (unsigned(8), -1, 255, 255),
            (signed(8), -129, 127, -128),
            (signed(1), i64::MIN + 1, -1, -1),
            (signed(1), i64::MIN, 0, 0),
            (signed(8), i64::MIN + 128, -128, -128),
            (signed(8), i64::MIN + 127, 127, 127),
        ] {
            assert_eq!(field.set(value, Wrap), Some(wrapped), "{field:?}");
            assert_eq!(field.set(value, Saturate), Some(saturated), "{field:?}");
            assert_eq!(field.set(value, Fail), None, "{field:?}");
        }
    }
}
