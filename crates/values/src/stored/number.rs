//! Numbers in the meta and in fences: LEB128, seven bits a byte from the low ones on, the highest bit set in all
//! bytes but the last.

use super::Malformed;

/// The number of the layout that is written, and the only one that is read.
const LAYOUT: u8 = 1;

/// Appends `number`.
pub(super) fn write(mut number: u64, out: &mut impl Extend<u8>) {
    while number >= 0x80 {
        out.extend([number as u8 | 0x80]);
        number >>= 7;
    }
    out.extend([number as u8]);
}

/// Takes a number from the front of `bytes`; `None` where there is none, or one of more than 64 bits.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
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

/// Appends the meta that consists of `numbers`.
pub(super) fn write_meta(numbers: &[u64], out: &mut Vec<u8>) {
    out.push(LAYOUT);
    numbers.iter().for_each(|&number| write(number, out));
}

/// The `N` numbers that `meta` consists of.
pub(super) fn read_meta<const N: usize>(mut meta: &[u8]) -> Result<[u64; N], Malformed> {
    match meta.split_off_first() {
        None => return Err(Malformed("it is empty")),
        Some(&LAYOUT) => {}
        Some(_) => return Err(Malformed("its layout is not known")),
    }
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = read(&mut meta).ok_or(Malformed("a number is cut short or too large"))?;
    }
    if meta.is_empty() { Ok(numbers) } else { Err(Malformed("there is more than expected")) }
}

/// A count out of a meta.
pub(super) fn count(number: u64) -> Result<usize, Malformed> {
    isize::try_from(number).map(isize::cast_unsigned).map_err(|_| Malformed("it counts too many"))
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
