//! A small fast generator for choices that need no secrecy: SPOP, RANDOMKEY, sampling for eviction.
//!
//! The generator is xoshiro256++ (D. Blackman and S. Vigna, *Scrambled Linear Pseudorandom Number Generators*,
//! 2021). It is handed around, never global, so that a test gives a seed and gets the same choices again.

/// A generator: 32 bytes of state, a period of 2^256 - 1.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// A generator whose numbers follow from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        // SplitMix64, as the generator's authors recommend; its four outputs are never all zero.
        let mut weyl = seed;
        let state = std::array::from_fn(|_| {
            weyl = weyl.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (weyl ^ weyl >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        });
        Self { state }
    }

    /// A generator that nobody has foretold, seeded by the operating system.
    pub fn from_system() -> Self {
        use std::hash::BuildHasher;
        Self::from_seed(std::hash::RandomState::new().hash_one(0))
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let output = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ b << 17, d.rotate_left(45)];
        output
    }

    /// A number below `bound`, each as likely as any other. Panics when `bound` is zero.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        // D. Lemire, "Fast Random Integer Generation in an Interval", 2019: the high half of the product is the
        // answer; low halves below 2^64 mod `bound` occur once too often and are drawn again.
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            let low = product as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number from 0 (included) to 1 (excluded), a multiple of 2^-53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_algorithm() {
        // The first numbers of the authors' reference implementation from the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        assert_eq!(random.next_u64(), 41_943_041);
        assert_eq!(random.next_u64(), 58_720_359);
        assert_eq!(random.next_u64(), 3_588_806_011_781_223);
    }

    #[test]
    fn a_seed_tells_the_numbers() {
        let numbers = |seed| {
            let mut random = Random::from_seed(seed);
            std::array::from_fn::<_, 4, _>(|_| random.next_u64())
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        assert_ne!(Random::from_system().next_u64(), Random::from_system().next_u64());
    }

    #[test]
    fn below_is_below_and_even() {
        let mut random = Random::from_seed(42);
        assert_eq!(random.below(1), 0);
        // A bound of 3 * 2^62 is where a careless reduction prefers the first third by 2 to 1.
        let thirds = (0..30_000).fold([0; 3], |mut counts, _| {
            counts[(random.below(3 << 62) >> 62) as usize] += 1;
            counts
        });
        assert!(thirds.iter().all(|count| (9_500..10_500).contains(count)), "{thirds:?}");
        let sixths = (0..60_000).fold([0; 6], |mut counts, _| {
            counts[random.below(6) as usize] += 1;
            counts
        });
        assert!(sixths.iter().all(|count| (9_500..10_500).contains(count)), "{sixths:?}");
    }

    #[test]
    fn the_unit_interval_excludes_one() {
        let mut random = Random::from_seed(3);
        let sum: f64 =
            (0..10_000).map(|_| random.unit()).inspect(|number| assert!((0.0..1.0).contains(number))).sum();
        assert!((4_800.0..5_200.0).contains(&sum), "{sum}");
    }
}
