//! What the tests of this room share.

/// Random numbers that are the same in every run: SplitMix64 (Steele, Lea and Flood, 2014).
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// As many as a test needs to meet every case, or as few as Miri has time for.
pub fn rounds(many: usize) -> usize {
    if cfg!(miri) { many / 100 + 1 } else { many }
}
