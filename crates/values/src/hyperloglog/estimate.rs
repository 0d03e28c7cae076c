//! From registers to a count: the improved raw estimator of O. Ertl, *New cardinality estimation algorithms for
//! HyperLogLog sketches*, arXiv:1702.01284, 2017 (algorithm 6).

use super::{RANK_BITS, REGISTERS};

/// How many registers have which rank. Dense registers that are not of our making may have any up to 63.
#[derive(Clone, Debug)]
pub(super) struct Histogram([u32; 64]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Histogram {
    /// Counts so many registers with `rank`, which is at most 63.
    pub fn add(&mut self, rank: u8, registers: usize) {
        self.0[usize::from(rank)] += registers as u32;
    }

    /// How many different elements were added.
    pub fn estimate(&self) -> u64 {
        /// The limit of the bias correction for many registers, 1 / (2 ln 2).
        const ALPHA_INFINITY: f64 = 0.721_347_520_444_481_7;
        const M: f64 = REGISTERS as f64;
        let registers = |rank: usize| f64::from(self.0[rank]);
        let highest = RANK_BITS as usize;
        let mut z = M * tau((M - registers(highest + 1)) / M);
        for rank in (1..=highest).rev() {
            z = (z + registers(rank)) * 0.5;
        }
        z += M * sigma(registers(0) / M);
        // Below 2^63 also for registers that no elements lead to: the highest bit of a count has a meaning.
        (ALPHA_INFINITY * M * M / z).round() as i64 as u64
    }
}

/// Corrects for registers that are still zero, a share `x` of all.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// Corrects for registers at the highest rank; `x` is the share of the others.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}
