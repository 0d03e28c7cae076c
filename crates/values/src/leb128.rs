//! LEB128: numbers in seven bits a byte from the low ones on, the highest bit set in all bytes but the last.

/// The bytes that a number takes at most.
pub(crate) const BYTES_MAX: usize = 10;

/// Appends `number`.
pub(crate) fn write(mut number: u64, out: &mut impl Extend<u8>) {
    while number >= 0x80 {
        out.extend([number as u8 | 0x80]);
        number >>= 7;
    }
    out.extend([number as u8]);
}

/// Takes a number from the front of `bytes`; `None` where there is none, or one of more than 64 bits.
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.split_off_first()?;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_and_nothing_else_does() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            write(number, &mut bytes);
            assert_eq!(bytes.len(), (64 - number.leading_zeros()).div_ceil(7).max(1) as usize);
            assert_eq!(read(&mut &bytes[..]), Some(number));
            assert_eq!(read(&mut &bytes[..bytes.len() - 1]), None, "{number} cut short");
        }
        assert_eq!(read(&mut &[0xff; 11][..]), None);
        let mut too_large = [0x80; 10];
        too_large[9] = 2;
        assert_eq!(read(&mut &too_large[..]), None, "2^64");
    }
}
