//! The sorted set in all forms against a sorted vector.

use super::*;
use crate::model::{Home, element, elements, rehouse, run as run_input, scan_all};
use crate::stored::narrow;
use crate::testing::{reopen, share, spill};
use fuzzing::Choices;

/// A small random generator (xorshift), so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Members and scores in order.
#[derive(Default)]
struct Model(Vec<(f64, Vec<u8>)>);

impl Model {
    fn find(&self, member: &[u8]) -> Option<usize> {
        self.0.iter().position(|(_, other)| other == member)
    }

    fn insert(&mut self, member: &[u8], score: f64) -> Change {
        let change = match self.find(member) {
            Some(rank) if self.0[rank].0 == score => return Change::Unchanged,
            Some(rank) => {
                self.0.remove(rank);
                Change::Updated
            }
            None => Change::Added,
        };
        let before = |other: &(f64, Vec<u8>)| other.0 < score || (other.0 == score && other.1[..] < *member);
        self.0.insert(self.0.partition_point(before), (score, member.to_vec()));
        change
    }

    fn pairs(&self) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator {
        self.0.iter().map(|(score, member)| (&member[..], *score))
    }
}

const SMALL: Limits = Limits {
    zset_packed_entries_max: 20,
    zset_packed_value_bytes_max: 30,
    hash_packed_entries_max: 0,
    hash_packed_value_bytes_max: 0,
    list_packed_size_max: 0,
    set_integers_max: 0,
    set_packed_entries_max: 0,
    set_packed_value_bytes_max: 0,
    stream_block_bytes_max: 0,
    stream_block_entries_max: 0,
    hyperloglog_sparse_bytes_max: 0,
    string_bytes_max: 0,
};

fn unlimited() -> Limits {
    Limits { zset_packed_entries_max: usize::MAX, zset_packed_value_bytes_max: usize::MAX, ..SMALL }
}

fn check(entry: &Entry) {
    match entry.form() {
        Form::ZSetIndexed => entry.indexed::<IndexedZSet>().check(),
        Form::ZSetStored => entry.indexed::<StoredZSet>().check(),
        _ => {}
    }
}

fn compare(entry: &Entry, model: &Model, below: &mut dyn FnMut(usize) -> usize) {
    check(entry);
    let set = ZSetRef::of(entry.as_ref());
    let len = model.0.len();
    assert_eq!((set.len(), set.is_empty()), (len, len == 0));
    assert!(set.iter().eq(model.pairs()), "in order");
    let (start, count) = (below(len + 2), below(len + 2));
    let forwards = set.range(start, count, false);
    assert_eq!(forwards.len(), count.min(len.saturating_sub(start)));
    assert!(forwards.eq(model.pairs().skip(start).take(count)), "from {start}, {count}");
    let backwards = set.range(start, count, true);
    assert!(backwards.eq(model.pairs().rev().skip(start).take(count)), "backwards from {start}, {count}");
    assert_eq!(set.at(start), model.pairs().nth(start));
    if let Some((member, score)) = model.pairs().nth(below(len.max(1))) {
        let rank = model.find(member).unwrap();
        assert_eq!(set.score(member), Some(score));
        assert_eq!(set.rank(member, false), Some((rank, score)));
        assert_eq!(set.rank(member, true), Some((len - 1 - rank, score)));
    }
    assert_eq!((set.score(b"absent"), set.rank(b"absent", false)), (None, None));
    let mut bound = || ScoreBound {
        value: [f64::NEG_INFINITY, -2.0, 0.0, 1.0, 3.0, 7.5, f64::INFINITY][below(7)],
        exclusive: below(2) == 0,
    };
    let range = ScoreRange { min: bound(), max: bound() };
    let within = |score: f64| {
        let above = if range.min.exclusive { score > range.min.value } else { score >= range.min.value };
        let below = if range.max.exclusive { score < range.max.value } else { score <= range.max.value };
        above && below
    };
    let span = set.score_span(&range);
    assert_eq!(span.len(), model.pairs().filter(|(_, score)| within(*score)).count(), "{range:?}");
    assert!(set.range(span.start, span.len(), false).all(|(_, score)| within(score)), "{range:?}");
}

/// Random changes to a set and to the model: `members` possible members, and few scores when `ties`.
fn run(seed: u64, steps: usize, members: usize, ties: bool, limits: &Limits) {
    run_on(empty(b"key"), seed, steps, members, ties, limits);
}

/// As [`run`], on an empty set. Returns the most fences that it had.
fn run_on(mut entry: Entry, seed: u64, steps: usize, members: usize, ties: bool, limits: &Limits) -> usize {
    let mut random = Random(seed);
    let mut model = Model::default();
    let mut fences = 0;
    // Growing and shrinking take turns, so that nodes split and merge at every size.
    for step in 0..steps {
        let shrinking = (step / (members * 2)) % 2 == 1;
        let mut member = format!("member:{}", random.below(members)).into_bytes();
        if member.ends_with(b"77") {
            member.resize(200, b'-');
        }
        let score = match random.below(if ties { 1 } else { 4 }) {
            0 => [-0.0, 0.0, 1.0, 1.0, -2.5, f64::INFINITY, f64::NEG_INFINITY, 3.0][random.below(8)],
            1 => random.below(20_000) as f64 - 10_000.0,
            2 => random.below(100) as f64 / 7.0,
            _ => step as f64,
        };
        let mut set = ZSetMut::of(&mut entry, limits);
        match random.below(if shrinking { 10 } else { 6 }) {
            0..=3 => assert_eq!(set.insert(&member, score), model.insert(&member, score)),
            4 => {
                let old = model.find(&member).map(|rank| model.0[rank].0);
                let expected = old.map(|old| model.insert(&member, old + 1.0));
                let change = set.update(&member, |present| {
                    assert_eq!(present, old);
                    present.map(|present| present + 1.0)
                });
                assert_eq!(change, expected.unwrap_or(Change::Unchanged));
            }
            5 | 6 => {
                let expected = model.find(&member).map(|rank| model.0.remove(rank).0);
                assert_eq!(set.remove(&member), expected);
            }
            7 => {
                let expected = (!model.0.is_empty()).then(|| model.0.remove(0));
                assert_eq!(set.pop_first(|member, score| (score, member.to_vec())), expected);
            }
            8 => assert_eq!(set.pop_last(|member, score| (score, member.to_vec())), model.0.pop()),
            _ => {
                let len = model.0.len();
                let start = random.below(len + 1);
                let longest = if random.below(50) == 0 { len + 10 } else { 5 };
                let count = random.below(longest);
                let expected = model.0.drain(start..(start + count).min(len)).count();
                assert_eq!(set.remove_span(start..start + count), expected);
            }
        }
        if entry.form().is_stored() {
            fences = fences.max(entry.indexed::<StoredZSet>().fences());
            // Each step, while that is quick.
            if members <= 100 {
                check(&entry);
            }
        }
        if step % (members / 10).max(1) == 0 {
            if entry.form().is_stored() {
                if (step / (members / 10).max(1)).is_multiple_of(2) {
                    reopen(&mut entry);
                }
                compare(&share(&entry), &model, &mut |bound| random.below(bound));
            }
            compare(&entry, &model, &mut |bound| random.below(bound));
        }
    }
    compare(&entry, &model, &mut |bound| random.below(bound));
    fences
}

fn empty_outside() -> Entry {
    let mut entry = empty(b"key");
    spill(&mut entry);
    entry
}

#[test]
fn a_set_whose_members_lie_outside_agrees_with_the_model() {
    narrow(4);
    let (rounds, steps) = if cfg!(miri) { (1, 150) } else { (10, 2000) };
    for round in 1..=rounds {
        run_on(empty_outside(), round * 7919, steps, 100, round % 2 == 0, &SMALL);
    }
}

#[test]
#[cfg_attr(miri, ignore = "thousands of members take too long there")]
fn a_large_set_whose_members_lie_outside_agrees_with_the_model() {
    for (width, fences_min) in [(4, 600), (8, 300), (128, 12)] {
        narrow(width);
        let fences = run_on(empty_outside(), 32_452_843, 30_000, 3000, width == 8, &SMALL);
        assert!(fences >= fences_min, "{fences} fences at a width of {width}");
    }
}

#[test]
fn fences_that_are_built_at_once_count_right() {
    for width in [4, 8, 128] {
        narrow(width);
        for count in [0, 1, 3, 4, 5, 12, 13, 100, if cfg!(miri) { 200 } else { 5000 }] {
            let mut entry =
                build(b"key", (0..count as u64).map(|number| (number.to_be_bytes(), 1.0)), &SMALL);
            let before = numbers(ZSetRef::of(entry.as_ref()));
            spill(&mut entry);
            check(&entry);
            assert_eq!(numbers(ZSetRef::of(entry.as_ref())), before);
            // From the front, in the middle, and all.
            for span in [0..count / 3, count / 3..count / 2, 0..count] {
                ZSetMut::of(&mut entry, &SMALL).remove_span(span);
                check(&entry);
            }
            assert!(ZSetRef::of(entry.as_ref()).is_empty());
        }
    }
}

#[test]
fn a_packed_set_agrees_with_the_model() {
    let (rounds, steps) = if cfg!(miri) { (1, 150) } else { (20, 2000) };
    for round in 1..=rounds {
        run(round * 7919, steps, 30, round % 2 == 0, &unlimited());
        run(round * 104_729, steps / 2, 200, round % 2 == 0, &unlimited());
    }
}

#[test]
fn a_set_that_changes_its_form_agrees_with_the_model() {
    let (rounds, steps) = if cfg!(miri) { (1, 300) } else { (20, 2000) };
    for round in 1..=rounds {
        run(round * 15_485_863, steps, 100, round % 2 == 0, &SMALL);
    }
}

#[test]
fn a_large_set_agrees_with_the_model() {
    if cfg!(miri) {
        return run(1, 300, 120, false, &SMALL);
    }
    for round in 1..=2 {
        run(round * 32_452_843, 50_000, 5000, round % 2 == 0, &SMALL);
    }
}

/// A fuzz target: operations, members, scores and limits are its input's choice.
#[test]
fn any_input_agrees_with_the_model() {
    check_inputs(Home::Memory);
}

#[test]
fn any_input_agrees_with_the_model_where_members_lie_outside() {
    narrow(8);
    check_inputs(Home::Outside);
}

fn check_inputs(home: Home) {
    run_input("zset", |choices| {
        let limits = Limits {
            zset_packed_entries_max: choices.pick(&[20, 0, 128, usize::MAX]),
            zset_packed_value_bytes_max: choices.pick(&[30, 64, usize::MAX]),
            ..SMALL
        };
        let (mut entry, mut model) = (empty(b"key"), Model::default());
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let mut set = ZSetMut::of(&mut entry, &limits);
            match choices.below(10) {
                0 | 1 => {
                    let (member, score) = (element(choices), score(choices));
                    assert_eq!(set.insert(&member, score), model.insert(&member, score));
                }
                2 => {
                    let (first, step) = (score(choices), choices.pick(&[0.0, 1.0, -1.0, 0.5]));
                    for (place, member) in elements(choices).into_iter().enumerate() {
                        let score = first + place as f64 * step;
                        assert_eq!(set.insert(&member, score), model.insert(&member, score));
                    }
                }
                3 => {
                    for member in elements(choices) {
                        let expected = model.find(&member).map(|rank| model.0.remove(rank).0);
                        assert_eq!(set.remove(&member), expected);
                    }
                }
                4 => {
                    let (member, added) = (element(choices), score(choices));
                    let old = model.find(&member).map(|rank| model.0[rank].0);
                    let new = old.map(|old| old + added).filter(|new| !new.is_nan());
                    let change = set.update(&member, |present| {
                        assert_eq!(present, old);
                        new
                    });
                    assert_eq!(change, new.map_or(Change::Unchanged, |new| model.insert(&member, new)));
                }
                5 => {
                    let expected = (!model.0.is_empty()).then(|| model.0.remove(0));
                    assert_eq!(set.pop_first(|member, score| (score, member.to_vec())), expected);
                }
                6 => assert_eq!(set.pop_last(|member, score| (score, member.to_vec())), model.0.pop()),
                7 => {
                    let len = model.0.len();
                    let start = choices.below(len + 1);
                    let count = choices.mostly_below(5, len + 10);
                    let expected = model.0.drain(start..(start + count).min(len)).count();
                    assert_eq!(set.remove_span(start..start + count), expected);
                }
                8 => set.prepare(choices.below(200), choices.below(100)),
                _ => {
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, &mut |bound| choices.below(bound));
                    let set = ZSetRef::of(entry.as_ref());
                    let count = choices.below(50);
                    let mut scanned = scan_all(|cursor, found| {
                        set.scan(cursor, count, &mut |member, _| found.push(member.to_vec()))
                    });
                    let mut held: Vec<&[u8]> = model.pairs().map(|(member, _)| member).collect();
                    scanned.sort_unstable();
                    held.sort_unstable();
                    assert_eq!(scanned, held);
                    let mut random = choices.random();
                    let picked = set.random(&mut || random.next_u64());
                    assert_eq!(picked.is_none(), held.is_empty());
                    assert!(picked.is_none_or(|(member, _)| held.binary_search(&member).is_ok()));
                }
            }
        }
        compare(&entry, &model, &mut |bound| bound / 2);
    });
}

/// Scores of which many are equal, and all kinds of numbers but NaN, which is no score.
fn score(choices: &mut Choices<'_>) -> f64 {
    match choices.byte() {
        small @ 0..=199 => f64::from(small % 8) - 2.0,
        200 => -0.0,
        201 => f64::INFINITY,
        202 => f64::NEG_INFINITY,
        203 => f64::MAX,
        204 => f64::MIN_POSITIVE / 2.0,
        205..=229 => choices.below(1 << 16) as f64 - 1000.0,
        230..=239 => choices.below(1 << 16) as f64 / 7.0,
        _ => Some(f64::from_bits(choices.bits())).filter(|score| !score.is_nan()).unwrap_or(1.0),
    }
}

fn indexed(members: impl Iterator<Item = (u64, f64)>) -> Entry {
    build(b"key", members.map(|(member, score)| (member.to_be_bytes(), score)), &SMALL)
}

fn numbers(set: ZSetRef<'_>) -> Vec<u64> {
    set.iter().map(|(member, _)| u64::from_be_bytes(member.try_into().unwrap())).collect()
}

#[test]
fn loading_in_order_fills_the_leaves() {
    let count = if cfg!(miri) { 200 } else { 100_000 };
    let ascending = indexed((0..count).map(|number| (number, number as f64)));
    let descending = indexed((0..count).rev().map(|number| (number, number as f64)));
    let ties = indexed((0..count).map(|number| (number, 1.0)));
    for entry in [ascending, descending, ties] {
        check(&entry);
        assert!(numbers(ZSetRef::of(entry.as_ref())).into_iter().eq(0..count));
        let fill = entry.indexed::<IndexedZSet>().leaf_fill();
        assert!(fill > if cfg!(miri) { 0.75 } else { 0.99 }, "{fill}");
    }
}

#[test]
fn a_tree_taken_apart_from_either_end_or_the_middle_keeps_its_invariants() {
    let count: usize = if cfg!(miri) { 140 } else { 20_000 };
    for (from_rank, at_once) in [(0.0, 1), (1.0, 1), (0.5, 1), (0.0, 7), (0.3, 100), (1.0, 64), (0.9, 5000)] {
        let mut random = Random(99);
        let mut entry = indexed((0..count as u64).map(|number| (number, random.next() as f64)));
        let mut expected = numbers(ZSetRef::of(entry.as_ref()));
        while !expected.is_empty() {
            let start = ((expected.len() - 1) as f64 * from_rank) as usize;
            let span = start..(start + at_once).min(expected.len());
            expected.drain(span.clone());
            let mut set = ZSetMut::of(&mut entry, &SMALL);
            if at_once == 1 && from_rank == 0.0 {
                set.pop_first(|_, _| ()).unwrap();
            } else if at_once == 1 && from_rank == 1.0 {
                set.pop_last(|_, _| ()).unwrap();
            } else {
                assert_eq!(set.remove_span(span.clone()), span.len());
            }
            if expected.len() % 97 < at_once {
                check(&entry);
                assert_eq!(numbers(ZSetRef::of(entry.as_ref())), expected);
            }
        }
        check(&entry);
        assert_eq!(entry.indexed::<IndexedZSet>().leaf_fill(), 0.0);
        let expected_empty = indexed(std::iter::empty());
        assert!(ZSetRef::of(entry.as_ref()).is_empty() && ZSetRef::of(expected_empty.as_ref()).is_empty());
    }
}

#[test]
fn a_queue_that_wanders_keeps_its_invariants() {
    let count = if cfg!(miri) { 70 } else { 3000 };
    let mut entry = indexed((0..count).map(|number| (number, number as f64)));
    for number in count..count * 5 {
        let mut set = ZSetMut::of(&mut entry, &SMALL);
        set.insert(&number.to_be_bytes(), number as f64);
        let first = set.pop_first(|member, _| u64::from_be_bytes(member.try_into().unwrap()));
        assert_eq!(first, Some(number - count));
        if number % 61 == 0 {
            check(&entry);
        }
    }
    check(&entry);
}

#[test]
fn lex_spans_follow_the_order_of_bytes() {
    for limits in [unlimited(), SMALL] {
        let members: Vec<Vec<u8>> =
            (0..300u32).step_by(2).map(|number| format!("{number:03}").into_bytes()).collect();
        let entry = build(b"key", members.iter().map(|member| (member, 0.0)), &limits);
        let set = ZSetRef::of(entry.as_ref());
        let texts: Vec<Vec<u8>> = (0..302u32).map(|number| format!("{number:03}").into_bytes()).collect();
        let bounds = |text| [LexBound::Inclusive(text), LexBound::Exclusive(text)];
        let bounds = texts.iter().step_by(if cfg!(miri) { 60 } else { 7 }).flat_map(|text| bounds(text));
        let bounds: Vec<LexBound<'_>> =
            bounds.chain([LexBound::NegativeInfinity, LexBound::PositiveInfinity]).collect();
        for min in &bounds {
            for max in &bounds {
                let within = |member: &[u8]| {
                    (match min {
                        LexBound::NegativeInfinity => true,
                        LexBound::PositiveInfinity => false,
                        LexBound::Inclusive(text) => member >= *text,
                        LexBound::Exclusive(text) => member > *text,
                    }) && match max {
                        LexBound::NegativeInfinity => false,
                        LexBound::PositiveInfinity => true,
                        LexBound::Inclusive(text) => member <= *text,
                        LexBound::Exclusive(text) => member < *text,
                    }
                };
                let span = set.lex_span(&LexRange { min: *min, max: *max });
                let expected = members.iter().filter(|member| within(member));
                assert!(set.range(span.start, span.len(), false).map(|(member, _)| member).eq(expected));
            }
        }
        let different =
            build(b"key", (0..200u32).map(|number| (number.to_le_bytes(), number as f64)), &limits);
        let range = LexRange { min: LexBound::Inclusive(&[9]), max: LexBound::Exclusive(&[100]) };
        assert!(ZSetRef::of(different.as_ref()).lex_span(&range).end <= 200, "some ranks, but ranks");
    }
}

#[test]
fn the_form_changes_beyond_either_limit_and_never_back() {
    let mut entry = build(b"key", (0..20u64).map(|number| (number.to_be_bytes(), 0.0)), &SMALL);
    assert_eq!(entry.form(), Form::ZSetPacked);
    let mut set = ZSetMut::of(&mut entry, &SMALL);
    set.insert(&0u64.to_be_bytes(), 5.0);
    assert_eq!(set.entry.form(), Form::ZSetPacked, "an update adds nothing");
    set.insert(b"one more", 0.0);
    assert_eq!(set.entry.form(), Form::ZSetIndexed);
    set.remove_span(0..21);
    assert_eq!((set.entry.form(), set.as_ref().len()), (Form::ZSetIndexed, 0));

    let of_one = |len: usize| build(b"key", [(vec![b'm'; len], 1.0)], &SMALL).form();
    assert_eq!((of_one(30), of_one(31)), (Form::ZSetPacked, Form::ZSetIndexed));

    let mut entry = empty(b"key");
    ZSetMut::of(&mut entry, &SMALL).prepare(20, 30);
    assert_eq!(entry.form(), Form::ZSetPacked);
    ZSetMut::of(&mut entry, &SMALL).prepare(21, 30);
    assert_eq!(entry.form(), Form::ZSetIndexed);
}

#[test]
fn zeros_are_equal_and_keep_their_sign_unless_packed() {
    for limits in [unlimited(), SMALL] {
        let mut entry = build(b"key", (0..25u8).map(|number| ([number], -0.0)), &limits);
        let mut set = ZSetMut::of(&mut entry, &limits);
        assert_eq!(set.insert(&[3], 0.0), Change::Unchanged);
        assert_eq!(set.insert(&[100], 0.0), Change::Added);
        assert_eq!(set.insert(&[50], -0.0), Change::Added);
        let set = ZSetRef::of(entry.as_ref());
        assert_eq!(set.rank(&[50], false).map(|(rank, _)| rank), Some(25));
        // The first came while the set was packed in any case, the last ones only with the larger limit.
        let is_packed = entry.form() == Form::ZSetPacked;
        assert!(set.score(&[3]).unwrap().is_sign_positive());
        assert_eq!(set.score(&[24]).unwrap().is_sign_negative(), !is_packed);
        assert!(set.at(26).unwrap().1.is_sign_positive());
    }
}

#[test]
fn a_copy_is_independent() {
    let mut random = Random(5);
    let count = if cfg!(miri) { 100 } else { 500 };
    let mut entry = indexed((0..count).map(|number| (number, random.below(90) as f64)));
    let before = numbers(ZSetRef::of(entry.as_ref()));
    let copy = entry.as_ref().copy_to(b"copy");
    ZSetMut::of(&mut entry, &SMALL).remove_span(0..count as usize - 1);
    drop(entry);
    check(&copy);
    assert_eq!(numbers(ZSetRef::of(copy.as_ref())), before);
}

#[test]
fn a_scan_and_random_picks_reach_every_member() {
    for limits in [unlimited(), SMALL] {
        let entry = build(b"key", (0..100u8).map(|number| ([number], f64::from(number))), &limits);
        let set = ZSetRef::of(entry.as_ref());
        let mut seen = [false; 100];
        let mut cursor = 0;
        loop {
            cursor = set.scan(cursor, 10, &mut |member, score| {
                assert_eq!(f64::from(member[0]), score);
                seen[usize::from(member[0])] = true;
            });
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen, [true; 100]);
        let mut random = Random(1);
        let mut picked = [0; 100];
        for _ in 0..if cfg!(miri) { 800 } else { 10_000 } {
            let (member, _) = set.random(&mut || random.next()).unwrap();
            picked[usize::from(member[0])] += 1;
        }
        assert!(picked.iter().all(|times| *times > 0), "{picked:?}");
    }
    assert!(ZSetRef::of(empty(b"key").as_ref()).random(&mut || 1).is_none());
}

#[test]
#[cfg_attr(miri, ignore = "a million members take too long there")]
fn a_member_of_sixteen_bytes_takes_at_most_66() {
    let count = 1_000_000;
    let mut random = Random(3);
    let members = (0..count).map(|number| (format!("member:{number:09}"), random.next() as f64));
    let entry = build(b"key", members, &Limits::default());
    let each = entry.as_ref().memory_bytes() as f64 / f64::from(count);
    assert!(each <= 66.0, "{each} bytes a member");
}
