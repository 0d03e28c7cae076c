//! Finding what lies in a circle or a box: which scores to look at, and which positions to keep.

use super::{
    Area, Cell, EARTH_RADIUS_M, Position, Range, STEPS_MAX, WORLD, degrees, latitude_distance_m, radians,
};

/// What is searched around the centre, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Everything up to this far away.
    Circle {
        /// From the centre to the edge.
        radius_m: f64,
    },
    /// Everything between two meridians and two parallels that are so far apart.
    Box {
        /// From west to east, through the centre's own parallel or, elsewhere, the found position's.
        width_m: f64,
        /// From south to north.
        height_m: f64,
    },
}

/// A search around a valid position.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The middle of the shape.
    pub center: Position,
    /// What is searched.
    pub shape: Shape,
}

impl Search {
    /// How far from the centre `position` is, in metres, if it lies in the shape (or on its edge).
    pub fn distance_within_m(&self, position: Position) -> Option<f64> {
        match self.shape {
            Shape::Circle { radius_m } => {
                let distance_m = self.center.distance_m(position);
                (distance_m <= radius_m).then_some(distance_m)
            }
            Shape::Box { width_m, height_m } => {
                if latitude_distance_m(position.latitude, self.center.latitude) > height_m / 2.0 {
                    return None;
                }
                let same_parallel = Position { latitude: position.latitude, ..self.center };
                if position.distance_m(same_parallel) > width_m / 2.0 {
                    return None;
                }
                Some(self.center.distance_m(position))
            }
        }
    }

    /// The ranges of scores, each from its first to before its second, that hold every position of the shape
    /// and others nearby: at most nine, in the order in which Redis goes through them. Of a shape that is
    /// thousands of kilometres wide near a pole, or that reaches over the world's edge, Redis and so we may miss
    /// what is far from the centre.
    pub fn score_ranges(&self) -> Vec<std::ops::Range<f64>> {
        // The centre's cell and its neighbours, by how far they are to the east and to the north.
        const DIRECTIONS: [(i32, i32); 9] =
            [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let bounds = self.bounds();
        let cell = self.cell(&bounds);
        let area = cell.area();
        let is_useless = |(east, north): (i32, i32)| {
            // With one step there are four cells, and all of them are neighbours on both sides.
            cell.steps >= 2
                && (east < 0 && area.longitude.min < bounds.longitude.min
                    || east > 0 && area.longitude.max > bounds.longitude.max
                    || north < 0 && area.latitude.min < bounds.latitude.min
                    || north > 0 && area.latitude.max > bounds.latitude.max)
        };
        let mut cells: Vec<Cell> = Vec::with_capacity(DIRECTIONS.len());
        for direction in DIRECTIONS.into_iter().filter(|&direction| !is_useless(direction)) {
            let neighbour = cell.neighbour(direction.0, direction.1);
            // In a grid of two by two cells, the neighbours on both sides are the same one.
            if cells.last() != Some(&neighbour) {
                cells.push(neighbour);
            }
        }
        cells.into_iter().map(Cell::scores).collect()
    }

    /// The centre's cell, of the size at which it and its neighbours cover the shape.
    fn cell(&self, bounds: &Area) -> Cell {
        let steps = self.estimated_steps();
        let cell = Cell::around(self.center, &WORLD, steps);
        let edge = |east, north| cell.neighbour(east, north).area();
        let covers = edge(0, 1).latitude.max >= bounds.latitude.max
            && edge(0, -1).latitude.min <= bounds.latitude.min
            && edge(1, 0).longitude.max >= bounds.longitude.max
            && edge(-1, 0).longitude.min <= bounds.longitude.min;
        if covers || steps == 1 { cell } else { Cell::around(self.center, &WORLD, steps - 1) }
    }

    /// How often to halve the world so that cells are about as large as the shape.
    fn estimated_steps(&self) -> u32 {
        /// Half of the earth's circumference on the Mercator map, in metres.
        const MERCATOR_MAX_M: f64 = 20_037_726.37;
        let mut reach_m = match self.shape {
            Shape::Circle { radius_m } => radius_m,
            Shape::Box { width_m, height_m } => {
                ((width_m / 2.0) * (width_m / 2.0) + (height_m / 2.0) * (height_m / 2.0)).sqrt()
            }
        };
        if reach_m == 0.0 {
            return STEPS_MAX;
        }
        let mut steps = 1i32;
        while reach_m < MERCATOR_MAX_M {
            reach_m *= 2.0;
            steps += 1;
        }
        // Larger by two, so that the shape is covered in most cases; and larger towards the poles, where
        // meridians come together.
        steps -= 2;
        let latitude = self.center.latitude.abs();
        steps -= i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        steps.clamp(1, STEPS_MAX as i32) as u32
    }

    /// The least area that holds the shape, perhaps beyond the world's limits. Its meridians are those of the
    /// parallel that is nearer to the pole, where they must be further apart.
    fn bounds(&self) -> Area {
        let (half_width_m, half_height_m) = match self.shape {
            Shape::Circle { radius_m } => (radius_m, radius_m),
            Shape::Box { width_m, height_m } => (width_m / 2.0, height_m / 2.0),
        };
        let Position { longitude, latitude } = self.center;
        let latitude_delta = degrees(half_height_m / EARTH_RADIUS_M);
        let parallel = if latitude < 0.0 { latitude - latitude_delta } else { latitude + latitude_delta };
        let longitude_delta = degrees(half_width_m / EARTH_RADIUS_M / radians(parallel).cos());
        Area {
            longitude: Range { min: longitude - longitude_delta, max: longitude + longitude_delta },
            latitude: Range { min: latitude - latitude_delta, max: latitude + latitude_delta },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::LONGITUDE_MIN;
    use super::super::tests::random_position;
    use super::*;
    use crate::random::Random;

    fn random_search(random: &mut Random) -> Search {
        let mut size_m = || random.unit() * 10f64.powi(random.below(8) as i32);
        let shape = match (size_m(), size_m()) {
            (radius_m, other) if radius_m < other => Shape::Circle { radius_m },
            (width_m, height_m) => Shape::Box { width_m, height_m },
        };
        Search { center: random_position(random), shape }
    }

    /// A place within some multiples of the shape's size.
    fn random_position_near(search: &Search, random: &mut Random) -> Position {
        let bounds = search.bounds();
        let mut around = |middle: f64, range: Range, limits: Range| {
            (middle + (random.unit() - 0.5) * 1.5 * (range.max - range.min)).clamp(limits.min, limits.max)
        };
        Position {
            longitude: around(search.center.longitude, bounds.longitude, WORLD.longitude),
            latitude: around(search.center.latitude, bounds.latitude, WORLD.latitude),
        }
    }

    #[test]
    fn the_ranges_hold_everything_in_the_shape() {
        let mut random = Random::from_seed(1);
        let (mut inside, mut outside) = (0, 0);
        for _ in 0..3_000 {
            let search = random_search(&mut random);
            let Area { longitude, latitude } = search.bounds();
            if longitude.max - longitude.min > 90.0 || longitude.min.min(-longitude.max) < LONGITUDE_MIN {
                continue;
            }
            if latitude.min.min(-latitude.max) < -80.0 {
                continue;
            }
            let ranges = search.score_ranges();
            for _ in 0..30 {
                let score = random_position_near(&search, &mut random).score().expect("valid");
                if search.distance_within_m(Position::from_score(score)).is_some() {
                    inside += 1;
                    let found = ranges.iter().filter(|range| range.contains(&score)).count();
                    assert_eq!(found, 1, "{search:?}: {score}");
                } else {
                    outside += 1;
                }
            }
        }
        assert!(inside > 10_000 && outside > 10_000, "{inside} inside, {outside} outside");
    }

    #[test]
    fn the_ranges_are_few_and_do_not_overlap() {
        let mut random = Random::from_seed(2);
        for _ in 0..3_000 {
            let search = random_search(&mut random);
            let mut ranges = search.score_ranges();
            assert!((1..=9).contains(&ranges.len()));
            ranges.sort_by(|a, b| a.start.total_cmp(&b.start));
            assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "{search:?}");
        }
    }

    #[test]
    fn a_search_without_extent_and_one_without_end() {
        let center = Position { longitude: 13.361_389, latitude: 38.115_556 };
        let score = center.score().expect("valid");
        let stored = Position::from_score(score);
        let point = Search { center: stored, shape: Shape::Circle { radius_m: 0.0 } };
        assert_eq!(point.distance_within_m(stored), Some(0.0));
        assert!(point.score_ranges().iter().any(|range| range.contains(&score)));

        for shape in [
            Shape::Circle { radius_m: f64::INFINITY },
            Shape::Box { width_m: f64::INFINITY, height_m: f64::INFINITY },
            Shape::Circle { radius_m: 3e7 },
        ] {
            let everything = Search { center, shape };
            let mut ranges = everything.score_ranges();
            ranges.sort_by(|a, b| a.start.total_cmp(&b.start));
            let scores = ranges.iter().map(|range| range.end - range.start).sum::<f64>();
            assert_eq!((ranges[0].start, scores), (0.0, (1u64 << 52) as f64), "{shape:?}");
        }
    }

    #[test]
    fn the_edge_belongs_to_the_shape() {
        let center = Position { longitude: 0.0, latitude: 0.0 };
        let east = Position { longitude: 1.0, latitude: 0.0 };
        let distance_m = center.distance_m(east);
        let within = |shape| Search { center, shape }.distance_within_m(east);
        assert_eq!(within(Shape::Circle { radius_m: distance_m }), Some(distance_m));
        assert_eq!(within(Shape::Circle { radius_m: distance_m - 0.001 }), None);
        assert_eq!(within(Shape::Box { width_m: 2.0 * distance_m, height_m: 0.0 }), Some(distance_m));
        assert_eq!(within(Shape::Box { width_m: 2.0 * distance_m - 0.001, height_m: 1e7 }), None);
        let north_east = Position { longitude: 0.9, latitude: 0.9 };
        let in_box =
            Search { center, shape: Shape::Box { width_m: 2.0 * distance_m, height_m: 2.0 * distance_m } };
        assert_eq!(in_box.distance_within_m(north_east), Some(center.distance_m(north_east)));
        assert!(center.distance_m(north_east) > distance_m);
    }
}
