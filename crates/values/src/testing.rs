//! What the tests of this room share.

use base::random::Random;

/// Random numbers that are the same in every run.
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut random = Random::from_seed(seed);
    move || random.next_u64()
}

/// As many as a test needs to meet every case, or as few as Miri has time for.
pub fn rounds(many: usize) -> usize {
    if cfg!(miri) { many / 100 + 1 } else { many }
}
