//! Dense registers: six bits each, from the lowest bit of the first byte on, so that four take three bytes.

use super::REGISTERS;

const REGISTER_BITS: usize = 6;
const RANK_MASK: u32 = (1 << REGISTER_BITS) - 1;

/// What all registers take.
pub(super) const BYTES: usize = REGISTERS * REGISTER_BITS / 8;

/// Raises one register to `rank`, and returns whether it was below.
pub(super) fn raise(registers: &mut [u8], index: usize, rank: u8) -> bool {
    let (groups, _) = registers.as_chunks_mut::<3>();
    let group = &mut groups[index / 4];
    let [first, second, third] = *group;
    let mut four = u32::from_le_bytes([first, second, third, 0]);
    let shift = index % 4 * REGISTER_BITS;
    if four >> shift & RANK_MASK >= u32::from(rank) {
        return false;
    }
    four = four & !(RANK_MASK << shift) | u32::from(rank) << shift;
    let [first, second, third, _] = four.to_le_bytes();
    *group = [first, second, third];
    true
}

/// Calls `visit` with the index, the rank and the length 1 of every register.
pub(super) fn for_each_run(registers: &[u8], mut visit: impl FnMut(usize, u8, usize)) {
    let (groups, _) = registers.as_chunks::<3>();
    for (group, &[first, second, third]) in groups.iter().enumerate() {
        let four = u32::from_le_bytes([first, second, third, 0]);
        for place in 0..4 {
            let rank = four >> (place * REGISTER_BITS) & RANK_MASK;
            visit(group * 4 + place, rank as u8, 1);
        }
    }
}
