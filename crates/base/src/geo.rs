//! Positions on the earth as Redis keeps and searches them.
//!
//! A position is a *cell* of a grid that halves the world's longitudes and latitudes 26 times each: a 52-bit
//! number whose odd bits are the longitude's halves and whose even bits the latitude's, the first halves highest
//! (G. M. Morton's order, 1966; G. Niemeyer's geohash, 2008, has the same one over other latitudes). It fits the
//! 53 bits of a score, and cells that lie in one coarser cell are one range of scores. Latitudes end at 85.05
//! degrees, where the Web Mercator map is as high as wide (EPSG:3857). Distances are great circles on a sphere.
//!
//! All arithmetic is done in the order and with the constants that Redis uses, so that coordinates, distances and
//! the order of unsorted results agree to the last digit.

mod search;

pub use search::{Search, Shape};

/// The westernmost longitude in degrees.
pub const LONGITUDE_MIN: f64 = -180.0;
/// The easternmost longitude in degrees.
pub const LONGITUDE_MAX: f64 = 180.0;
/// The southernmost latitude in degrees.
pub const LATITUDE_MIN: f64 = -85.051_128_78;
/// The northernmost latitude in degrees.
pub const LATITUDE_MAX: f64 = 85.051_128_78;

/// The earth's quadratic mean radius in metres, by WGS-84, as Redis has it.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// How often a position's longitudes and latitudes are halved.
const STEPS_MAX: u32 = 26;

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees to the east.
    pub longitude: f64,
    /// Degrees to the north.
    pub latitude: f64,
}

impl Position {
    /// Whether the coordinates are within the limits. NaN is not.
    pub fn is_valid(self) -> bool {
        (LONGITUDE_MIN..=LONGITUDE_MAX).contains(&self.longitude)
            && (LATITUDE_MIN..=LATITUDE_MAX).contains(&self.latitude)
    }

    /// The score that GEOADD gives this position: a whole number below 2^52, or one beyond for a position on the
    /// far edge of the last cells, at the easternmost longitude or the northernmost latitude. `None` if the
    /// position is not valid.
    pub fn score(self) -> Option<f64> {
        self.is_valid().then(|| Cell::around(self, &WORLD, STEPS_MAX).bits as f64)
    }

    /// The middle of the cell that `score` names. A score that GEOADD would not give names some place too, as
    /// in Redis.
    pub fn from_score(score: f64) -> Self {
        Cell { bits: score_bits(score), steps: STEPS_MAX }.area().middle()
    }

    /// The distance in metres along a great circle, by the haversine formula.
    ///
    /// ```
    /// use base::geo::Position;
    /// let palermo = Position { longitude: 13.361389, latitude: 38.115556 };
    /// let catania = Position { longitude: 15.087269, latitude: 37.502669 };
    /// assert!((palermo.distance_m(catania) - 166_274.0).abs() < 1.0);
    /// ```
    pub fn distance_m(self, other: Self) -> f64 {
        let (longitude_a, longitude_b) = (radians(self.longitude), radians(other.longitude));
        let v = ((longitude_b - longitude_a) / 2.0).sin();
        if v == 0.0 {
            return latitude_distance_m(self.latitude, other.latitude);
        }
        let (latitude_a, latitude_b) = (radians(self.latitude), radians(other.latitude));
        let u = ((latitude_b - latitude_a) / 2.0).sin();
        let a = u * u + latitude_a.cos() * latitude_b.cos() * v * v;
        2.0 * EARTH_RADIUS_M * a.sqrt().asin()
    }

    /// The geohash as other programs know it, over latitudes up to 90 degrees: eleven characters, of which the
    /// last is always `0`, because 52 bits are ten characters and a bit.
    pub fn geohash(self) -> [u8; 11] {
        const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        const WHOLE_WORLD: Area =
            Area { longitude: WORLD.longitude, latitude: Range { min: -90.0, max: 90.0 } };
        let cell = Cell::around(self, &WHOLE_WORLD, STEPS_MAX);
        std::array::from_fn(|index| match index {
            10 => ALPHABET[0],
            _ => ALPHABET[(cell.bits >> (47 - 5 * index)) as usize % ALPHABET.len()],
        })
    }
}

/// The distance in metres along a meridian.
fn latitude_distance_m(a: f64, b: f64) -> f64 {
    EARTH_RADIUS_M * (radians(b) - radians(a)).abs()
}

const DEGREE: f64 = std::f64::consts::PI / 180.0;

fn radians(degrees: f64) -> f64 {
    degrees * DEGREE
}

fn degrees(radians: f64) -> f64 {
    radians / DEGREE
}

/// The 64-bit integer that C makes of a score on x86: negative ones modulo 2^64, too large ones zero.
fn score_bits(score: f64) -> u64 {
    const TWO_TO_63: f64 = (1u64 << 63) as f64;
    if score < TWO_TO_63 {
        score as i64 as u64
    } else if score < 2.0 * TWO_TO_63 {
        score as u64
    } else {
        0
    }
}

/// Degrees from `min` to `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    min: f64,
    max: f64,
}

impl Range {
    /// Where `value` lies: in which of `2^steps` equal parts.
    fn part(self, value: f64, steps: u32) -> u32 {
        let offset = (value - self.min) / (self.max - self.min);
        (offset * parts(steps)) as u32
    }

    /// The part with this index.
    fn sub_range(self, index: u32, steps: u32) -> Self {
        let scale = self.max - self.min;
        let edge = |index: f64| self.min + (index / parts(steps)) * scale;
        Self { min: edge(f64::from(index)), max: edge(f64::from(index.wrapping_add(1))) }
    }

    /// The middle, or the limit next to it if it lies beyond.
    fn middle_within(self, limits: Self) -> f64 {
        ((self.min + self.max) / 2.0).clamp(limits.min, limits.max)
    }
}

fn parts(steps: u32) -> f64 {
    (1u64 << steps) as f64
}

/// Longitudes and latitudes from and to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area {
    longitude: Range,
    latitude: Range,
}

/// What positions are valid.
const WORLD: Area = Area {
    longitude: Range { min: LONGITUDE_MIN, max: LONGITUDE_MAX },
    latitude: Range { min: LATITUDE_MIN, max: LATITUDE_MAX },
};

impl Area {
    fn middle(&self) -> Position {
        Position {
            longitude: self.longitude.middle_within(WORLD.longitude),
            latitude: self.latitude.middle_within(WORLD.latitude),
        }
    }
}

/// One of the `4^steps` cells that a world is divided into.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    /// The halves, two bits per step, the first step's highest.
    bits: u64,
    steps: u32,
}

impl Cell {
    /// The bits that tell the latitude's halves; the longitude's are those between.
    const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;

    /// The cell of `world` that `position` lies in.
    fn around(position: Position, world: &Area, steps: u32) -> Self {
        let longitude = world.longitude.part(position.longitude, steps);
        let latitude = world.latitude.part(position.latitude, steps);
        Self { bits: spread(longitude) << 1 | spread(latitude), steps }
    }

    /// What of [`WORLD`] the cell covers.
    fn area(self) -> Area {
        Area {
            longitude: WORLD.longitude.sub_range(gather(self.bits >> 1), self.steps),
            latitude: WORLD.latitude.sub_range(gather(self.bits), self.steps),
        }
    }

    /// The cell so many cells to the east and to the north, each -1, 0 or 1; the world ends where it begins.
    fn neighbour(self, east: i32, north: i32) -> Self {
        let latitude = self.moved(Self::LATITUDE_BITS, north);
        let longitude = self.moved(!Self::LATITUDE_BITS, east);
        Self { bits: longitude | latitude, ..self }
    }

    /// The bits that `axis` selects, read as a number, plus `by`.
    fn moved(self, axis: u64, by: i32) -> u64 {
        let number = axis & (u64::MAX >> (64 - 2 * self.steps));
        match by {
            // With the bits between set, a carry runs over them; with these bits clear, a borrow does.
            1 => (self.bits | !number).wrapping_add(1) & number,
            -1 => (self.bits & number).wrapping_sub(number & number.wrapping_neg()) & number,
            // Also the bit more that a position on the world's far edge has.
            _ => self.bits & axis,
        }
    }

    /// The scores of the positions in the cell: from the first to before the second.
    fn scores(self) -> std::ops::Range<f64> {
        let shift = 2 * (STEPS_MAX - self.steps);
        (self.bits << shift) as f64..((self.bits + 1) << shift) as f64
    }
}

/// Moves bit `n` to bit `2n` (S. E. Anderson, *Bit Twiddling Hacks*, "interleave bits").
fn spread(value: u32) -> u64 {
    let mut bits = u64::from(value);
    bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
    bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
    (bits | bits << 1) & 0x5555_5555_5555_5555
}

/// Moves bit `2n` to bit `n` and drops the others.
fn gather(bits: u64) -> u32 {
    let mut bits = bits & 0x5555_5555_5555_5555;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff;
    (bits | bits >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number;
    use crate::random::Random;

    pub(super) fn random_position(random: &mut Random) -> Position {
        Position { longitude: random.unit() * 360.0 - 180.0, latitude: random.unit() * 170.0 - 85.0 }
    }

    const PALERMO: Position = Position { longitude: 13.361_389, latitude: 38.115_556 };
    const CATANIA: Position = Position { longitude: 15.087_269, latitude: 37.502_669 };

    /// The examples of Redis' documentation, which are its replies.
    #[test]
    fn sicily() {
        let mut text = Vec::new();
        for (city, score, coordinates, geohash) in [
            (PALERMO, 3_479_099_956_230_698.0, "13.36138933897018433 38.11555639549629859", b"sqc8b49rny0"),
            (CATANIA, 3_479_447_370_796_909.0, "15.08726745843887329 37.50266842333162032", b"sqdtr74hyu0"),
        ] {
            assert_eq!(city.score(), Some(score));
            let stored = Position::from_score(score);
            assert_eq!(&stored.geohash(), geohash);
            text.clear();
            number::write_human(stored.longitude, &mut text);
            text.push(b' ');
            number::write_human(stored.latitude, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), coordinates);
        }
        let stored = |city: Position| Position::from_score(city.score().expect("valid"));
        for (meters_per_unit, distance) in
            [(1.0, "166274.1516"), (1_000.0, "166.2742"), (0.3048, "545518.8700"), (1_609.34, "103.3182")]
        {
            text.clear();
            number::write_fixed(stored(PALERMO).distance_m(stored(CATANIA)) / meters_per_unit, 4, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), distance);
        }
    }

    #[test]
    fn a_position_is_kept_to_within_its_cell() {
        let mut random = Random::from_seed(1);
        for _ in 0..20_000 {
            let position = random_position(&mut random);
            let score = position.score().expect("valid");
            let stored = Position::from_score(score);
            assert!(position.distance_m(stored) < 0.5, "{position:?} became {stored:?}");
            assert_eq!(stored.score(), Some(score), "the middle of a cell lies in it");
        }
    }

    #[test]
    fn the_limits_are_valid_and_nothing_beyond() {
        for (longitude, latitude) in [(180.0, 0.0), (-180.0, 0.0), (0.0, LATITUDE_MAX), (0.0, LATITUDE_MIN)] {
            let position = Position { longitude, latitude };
            let stored = Position::from_score(position.score().expect("valid"));
            assert!(position.distance_m(stored) < 0.5, "{position:?} became {stored:?}");
        }
        for (longitude, latitude) in [
            (180.1, 0.0),
            (-180.1, 0.0),
            (0.0, 85.06),
            (0.0, -85.06),
            (f64::NAN, 0.0),
            (0.0, f64::NAN),
            (f64::INFINITY, 0.0),
        ] {
            assert_eq!(Position { longitude, latitude }.score(), None, "{longitude} {latitude}");
        }
    }

    #[test]
    fn any_score_is_some_valid_position() {
        let mut random = Random::from_seed(2);
        let odd = [f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5, 1e300, 18_446_744_073_709_551_615.0];
        for score in odd.into_iter().chain((0..10_000).map(|_| f64::from_bits(random.next_u64()))) {
            assert!(Position::from_score(score).is_valid(), "{score}");
        }
    }

    #[test]
    fn distances() {
        let at = |longitude, latitude| Position { longitude, latitude };
        let quarter_m = EARTH_RADIUS_M * std::f64::consts::FRAC_PI_2;
        let degree_m = quarter_m / 90.0;
        for (a, b, expected_m) in [
            (at(1.0, 2.0), at(1.0, 2.0), 0.0),
            (at(0.0, 0.0), at(90.0, 0.0), quarter_m),
            (at(0.0, 0.0), at(0.0, 1.0), degree_m),
            (at(-180.0, 10.0), at(180.0, 10.0), 0.0),
            (at(179.5, 0.0), at(-179.5, 0.0), degree_m),
            (at(0.0, 60.0), at(180.0, 60.0), 60.0 * degree_m),
        ] {
            assert!((a.distance_m(b) - expected_m).abs() < 1e-6, "{a:?} to {b:?}");
            assert_eq!(a.distance_m(b), b.distance_m(a));
        }
    }

    #[test]
    fn neighbours_are_next_to_each_other() {
        let mut random = Random::from_seed(3);
        for _ in 0..2_000 {
            let steps = 2 + random.below(25) as u32;
            let cell = Cell::around(random_position(&mut random), &WORLD, steps);
            let (east, north) = (cell.neighbour(1, 0), cell.neighbour(0, 1));
            assert_eq!(east.neighbour(-1, 0), cell);
            assert_eq!(north.neighbour(0, -1), cell);
            assert_eq!(cell.neighbour(1, 1), east.neighbour(0, 1));
            assert_eq!(cell.neighbour(-1, 0).neighbour(1, 0), cell);
            let (here, there) = (cell.area(), east.area());
            let wraps = here.longitude.max == LONGITUDE_MAX;
            assert_eq!(there.longitude.min, if wraps { LONGITUDE_MIN } else { here.longitude.max });
            assert_eq!(there.latitude, here.latitude);
        }
    }

    #[test]
    fn bits_are_spread_and_gathered() {
        let mut random = Random::from_seed(4);
        for value in (0..1_000).map(|_| random.next_u64() as u32).chain([0, 1, u32::MAX]) {
            assert_eq!(gather(spread(value)), value);
            assert_eq!(gather(spread(value) | 0xaaaa_aaaa_aaaa_aaaa), value);
            assert_eq!(spread(value).count_ones(), value.count_ones());
        }
    }
}
