//! Numbers in the meta of a stored collection.

use super::Malformed;
use crate::leb128::{read, write};

/// The number of the layout that is written, and the only one that is read.
const LAYOUT: u8 = 1;

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
