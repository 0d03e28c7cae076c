//! What operations cost, how evenly picks fall, and what meta may do. That the forms are right is told by the models
//! ([`crate::model`] and the tests of [`crate::zset`]).

use std::collections::HashSet;

use super::*;
use crate::hash::{HashMut, HashRef};
use crate::limits::Limits;
use crate::list::{End, ListMut, ListRef};
use crate::set::{SetMut, SetRef};
use crate::stream::{Pending, Progress, Span, StreamId, StreamMut, Trim, Until};
use crate::testing::{Map, Spent, map, map_mut, random, reopen, rounds, share, spill};
use crate::zset::{Change, LexBound, LexRange, ScoreBound, ScoreRange, ZSetMut, ZSetRef};

const COUNT: usize = 120_000;

fn limits() -> Limits {
    Limits::default()
}

/// What `operation` does to the elements of the collection in `entry`.
fn cost(entry: &mut Entry, operation: impl FnOnce(&mut Entry)) -> Spent {
    map(entry).spent();
    operation(entry);
    map(entry).spent()
}

/// Asserts that an operation does no more than this.
#[track_caller]
fn check_cost(entry: &mut Entry, most: [usize; 4], operation: impl FnOnce(&mut Entry)) {
    let spent = cost(entry, operation);
    let [gets, walks, pairs, sets] = most;
    let is_within = spent.gets <= gets && spent.walks <= walks && spent.pairs <= pairs && spent.sets <= sets;
    assert!(is_within, "{spent:?}, of [{gets}, {walks}, {pairs}, {sets}]");
}

fn stored_set(count: usize) -> Entry {
    let mut entry = crate::set::empty_packed(b"key");
    spill(&mut entry);
    for number in 0..count {
        SetMut::of(&mut entry, &limits()).insert(format!("member:{number}").as_bytes());
    }
    entry
}

/// Members `member:0` and so on, with their numbers as scores, added in a random order.
fn stored_zset(count: usize) -> Entry {
    let mut entry = crate::zset::empty(b"key");
    spill(&mut entry);
    let mut numbers: Vec<usize> = (0..count).collect();
    let mut random = random(1);
    for place in (1..count).rev() {
        numbers.swap(place, random() as usize % (place + 1));
    }
    for number in numbers {
        ZSetMut::of(&mut entry, &limits()).insert(format!("member:{number}").as_bytes(), number as f64);
    }
    entry
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn a_hash_costs_what_it_names() {
    let limits = limits();
    let mut entry = crate::hash::empty(b"key");
    spill(&mut entry);
    for number in 0..COUNT {
        HashMut::of(&mut entry, &limits).set(format!("field:{number}").as_bytes(), b"value");
    }
    let entry = &mut entry;
    check_cost(entry, [1, 0, 0, 0], |entry| {
        assert_eq!(HashRef::of(entry.as_ref()).get(b"field:77"), Some(&b"value"[..]));
    });
    check_cost(entry, [1, 0, 0, 1], |entry| assert!(HashMut::of(entry, &limits).set(b"new", b"value")));
    check_cost(entry, [1, 0, 0, 1], |entry| assert!(!HashMut::of(entry, &limits).set(b"new", b"other")));
    check_cost(entry, [1, 0, 0, 1], |entry| assert!(HashMut::of(entry, &limits).remove(b"new")));
    check_cost(entry, [0, 1, 15, 0], |entry| {
        let next = HashRef::of(entry.as_ref()).scan(1 << 31, 10, &mut |_, _| ());
        assert_ne!(next, 0);
    });
    check_cost(entry, [0, 1, 16, 0], |entry| assert!(HashRef::of(entry.as_ref()).iter().next().is_some()));
}

/// What is done to the map beside the fields, where the deadlines are.
fn cost_beside(entry: &mut Entry, operation: impl FnOnce(&mut Entry)) -> Spent {
    let beside = |entry: &Entry| {
        let beside = map(entry).beside().as_any().downcast_ref::<Map>();
        beside.expect("of the same type").spent()
    };
    beside(entry);
    operation(entry);
    beside(entry)
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn deadlines_cost_what_they_name() {
    let limits = limits();
    let mut entry = crate::hash::empty(b"key");
    spill(&mut entry);
    for number in 0..COUNT {
        HashMut::of(&mut entry, &limits).set(format!("field:{number}").as_bytes(), b"value");
    }
    let entry = &mut entry;
    check_cost(entry, [1, 0, 0, 0], |entry| {
        HashMut::of(entry, &limits).set_deadline_ms(b"field:7", Some(5000));
    });
    for number in 0..1000u64 {
        let field = format!("field:{}", 1000 + number);
        HashMut::of(entry, &limits).set_deadline_ms(field.as_bytes(), Some(1000 + number));
    }
    // As long as nothing is due, who reads asks for no deadline.
    let read = |entry: &mut Entry, now_ms| {
        let hash = HashRef::of(entry.as_ref()).at(now_ms);
        assert_eq!(hash.get(b"field:7"), Some(&b"value"[..]));
        assert!(hash.len() <= COUNT && hash.iter().next().is_some());
    };
    assert_eq!(cost_beside(entry, |entry| read(entry, 999)), Spent::default());
    let spent = cost_beside(entry, |entry| read(entry, 1009));
    assert!(spent.gets == 1 && spent.pairs <= 25, "{spent:?}");
    // A sweep takes what is due, and passes over what it took only once.
    let sweep = |entry: &mut Entry| _ = HashMut::of(entry, &limits).at(1499).sweep(1, &mut |_| ());
    let spent = cost_beside(entry, sweep);
    assert!(spent.pairs == 257 && spent.sets == 512, "{spent:?}");
    let spent = cost_beside(entry, sweep);
    assert!(spent.pairs == 245 && spent.passed == 245, "{spent:?}");
    assert_eq!(HashRef::of(entry.as_ref()).at(1499).len(), COUNT - 500);
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn a_random_pick_walks_over_few() {
    let mut entry = stored_set(COUNT);
    let mut random = random(3);
    let picks = 1000;
    let spent = cost(&mut entry, |entry| {
        for _ in 0..picks {
            assert!(SetRef::of(entry.as_ref()).random(&mut random).is_some());
        }
    });
    // 88 / 32 draws and the fetch of the one chosen.
    assert!(spent.walks < picks * 5 && spent.pairs < picks * 120, "{spent:?}");
    // One in twelve, in one pass.
    let spent = cost(&mut entry, |entry| {
        let (mut popped, limits) = (0, limits());
        SetMut::of(entry, &limits).pop_random_many(10_000, &mut random, &mut |_| popped += 1);
        assert_eq!(popped, 10_000);
    });
    assert!(spent.walks < 30 && spent.pairs <= COUNT && spent.sets == 10_000, "{spent:?}");
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn a_list_costs_what_it_moves() {
    let limits = limits();
    let mut entry = crate::list::empty(b"key");
    spill(&mut entry);
    for number in 0..COUNT {
        ListMut::of(&mut entry, &limits).push_back(number.to_string().as_bytes());
    }
    let entry = &mut entry;
    for end in [End::Front, End::Back] {
        check_cost(entry, [0, 0, 0, 1], |entry| {
            ListMut::of(entry, &limits).push(end, ["new"]);
        });
        check_cost(entry, [1, 0, 0, 1], |entry| {
            assert_eq!(ListMut::of(entry, &limits).pop(end, |popped| popped.len()), Some(3));
        });
    }
    check_cost(entry, [1, 0, 0, 0], |entry| {
        assert_eq!(ListRef::of(entry.as_ref()).get(-60_000), Some(&b"60000"[..]));
    });
    check_cost(entry, [0, 0, 0, 1], |entry| assert!(ListMut::of(entry, &limits).set(60_000, b"set")));
    // 16, 32 and 64 at a time.
    check_cost(entry, [0, 3, 112, 0], |entry| {
        assert_eq!(ListRef::of(entry.as_ref()).range(70_000, 100).count(), 100);
    });
    // 1000 from the end: found by a walk, and those behind it move.
    check_cost(entry, [0, 11, COUNT + 1001, 1002], |entry| {
        assert!(ListMut::of(entry, &limits).insert(End::Back, b"119000", b"inserted"));
    });
    // All that end in 77, between 77 and 119877: the first run stays, which is as long as any.
    check_cost(entry, [0, 950, 2 * COUNT + 3, COUNT + 3], |entry| {
        let removed = ListMut::of(entry, &limits)
            .remove_where(End::Front, usize::MAX, |element| element.ends_with(b"77"));
        assert_eq!(removed, COUNT / 100);
    });
    check_cost(entry, [0, 2, 1200, 1100], |entry| {
        assert_eq!(ListMut::of(entry, &limits).remove_range(100..1100), 1000);
    });
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn a_sorted_set_costs_a_run_of_members() {
    let limits = limits();
    let mut entry = stored_zset(COUNT);
    let entry = &mut entry;
    entry.indexed::<StoredZSet>().check();
    map_mut(entry).flush();
    check_cost(entry, [1, 0, 0, 0], |entry| {
        assert_eq!(ZSetRef::of(entry.as_ref()).score(b"member:77"), Some(77.0));
    });
    // Both records of the member and that of its fence; the rare one splits a run.
    check_cost(entry, [1, 0, 0, 3], |entry| {
        assert_eq!(ZSetMut::of(entry, &limits).insert(b"new", 60_000.5), Change::Added);
    });
    // A small step leaves it in its run, a large one does not.
    check_cost(entry, [1, 0, 0, 3], |entry| {
        assert_eq!(ZSetMut::of(entry, &limits).insert(b"new", 60_000.25), Change::Updated);
    });
    check_cost(entry, [1, 0, 0, 5], |entry| {
        assert_eq!(ZSetMut::of(entry, &limits).insert(b"new", 30_000.5), Change::Updated);
    });
    check_cost(entry, [1, 0, 0, 3], |entry| {
        assert_eq!(ZSetMut::of(entry, &limits).remove(b"new"), Some(30_000.5));
    });
    check_cost(entry, [1, 1, 128, 0], |entry| {
        assert_eq!(ZSetRef::of(entry.as_ref()).rank(b"member:60000", false), Some((60_000, 60_000.0)));
    });
    // Where the first one is, and those that are wanted, which may go on in the next run.
    check_cost(entry, [0, 3, 64 + 10, 0], |entry| {
        assert_eq!(ZSetRef::of(entry.as_ref()).range(60_000, 10, false).count(), 10);
    });
    check_cost(entry, [0, 1, 10, 0], |entry| {
        assert_eq!(ZSetRef::of(entry.as_ref()).range(0, 10, true).count(), 10);
    });
    check_cost(entry, [0, 2, 256, 0], |entry| {
        let bound = |value| ScoreBound { value, exclusive: false };
        let range = ScoreRange { min: bound(40_000.0), max: bound(80_000.0) };
        assert_eq!(ZSetRef::of(entry.as_ref()).score_span(&range), 40_000..80_001);
    });
    check_cost(entry, [0, 3, 256 + 1, 0], |entry| {
        let range = LexRange { min: LexBound::Inclusive(b"a"), max: LexBound::Exclusive(b"z") };
        assert_eq!(ZSetRef::of(entry.as_ref()).lex_span(&range), 0..1);
    });
    for (first, expected) in [(true, 0.0), (false, (COUNT - 1) as f64)] {
        check_cost(entry, [1, 1, 1, 3], |entry| {
            let mut set = ZSetMut::of(entry, &limits);
            let score = |_: &[u8], score| score;
            let popped = if first { set.pop_first(score) } else { set.pop_last(score) };
            assert_eq!(popped, Some(expected));
        });
    }
    let spent = cost(entry, |entry| {
        assert_eq!(ZSetMut::of(entry, &limits).remove_span(20_000..70_000), 50_000);
    });
    assert!(spent.walks < 1000 && spent.pairs < 51_000 && spent.sets < 102_000, "{spent:?}");
    // From one side of the gap to the other.
    for backward in [false, true] {
        let start = if backward { 48_000 } else { 19_900 };
        let spent = cost(entry, |entry| {
            assert_eq!(ZSetRef::of(entry.as_ref()).range(start, 200, backward).count(), 200);
        });
        assert!(spent.passed < 1000, "{spent:?}");
    }
    entry.indexed::<StoredZSet>().check();
}

#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn the_fences_are_read_once_for_all_handles() {
    let mut entry = stored_zset(COUNT);
    map_mut(&mut entry).flush();
    reopen(&mut entry);
    let bytes = entry.as_ref().memory_bytes();
    let fences = entry.indexed::<StoredZSet>().fences();
    assert!(bytes > fences * 40, "the index counts before it is read");
    map(&entry).spent();
    let rank = |entry: &Entry| {
        let rank = ZSetRef::of(entry.as_ref()).rank(b"member:60000", false);
        assert_eq!(rank, Some((60_000, 60_000.0)));
        map(entry).spent()
    };
    let first = rank(&share(&entry));
    assert!(first.walks == 2 && first.pairs <= fences + 128, "{first:?}");
    for other in [&share(&entry), &entry] {
        let spent = rank(other);
        assert!(spent.walks == 1 && spent.pairs <= 128, "{spent:?}");
    }
    assert_eq!(entry.as_ref().memory_bytes(), bytes);
    // What one handle changes, others do not see.
    let other = share(&entry);
    for number in 0..1000 {
        ZSetMut::of(&mut entry, &limits()).insert(format!("new:{number}").as_bytes(), -1.0);
    }
    rank(&other);
    other.indexed::<StoredZSet>().check();
    entry.indexed::<StoredZSet>().check();
    let mut copy = share(&entry);
    copy.set_deadline_ms(Some(7));
    let copy = share(&copy);
    assert_eq!((copy.key(), copy.deadline_ms(), copy.form()), (entry.key(), Some(7), entry.form()));
}

/// Nothing is flushed on the way: what an operation passes over must not grow with the operations before. (The ranks
/// come before the pops, since the first walk over a run may pass over what went from it before, once.)
#[test]
#[cfg_attr(miri, ignore = "so many elements take too long there")]
fn a_sorted_set_passes_over_little_that_was_removed() {
    const MEMBERS: usize = 50_000;
    const TIMES: usize = 10_000;
    let limits = limits();
    let mut entry = stored_zset(MEMBERS);
    map_mut(&mut entry).flush();
    let mut random = random(5);
    let mut number = 0;
    let mut check = |name, per_time: usize, operation: &mut dyn FnMut(&mut ZSetMut<'_>, u64, usize)| {
        let spent = cost(&mut entry, |entry| {
            for _ in 0..TIMES {
                number += 1;
                operation(&mut ZSetMut::of(entry, &limits), random(), number);
            }
        });
        assert!(spent.passed <= TIMES * per_time, "{name}: {spent:?}");
        entry.indexed::<StoredZSet>().check();
    };
    check("add", 2, &mut |set, random, number| {
        let (member, score) = (format!("new:{number}"), (random % MEMBERS as u64) as f64);
        assert_eq!(set.insert(member.as_bytes(), score), Change::Added);
    });
    check("update", 10, &mut |set, random, _| {
        set.insert(format!("member:{}", random % 20_000).as_bytes(), (random >> 32) as f64);
    });
    check("a counter and its rank", 140, &mut |set, _, number| {
        set.insert(b"counter", number as f64 * 1e5);
        assert!(set.as_ref().rank(b"counter", false).is_some());
    });
    check("one in the middle", 140, &mut |set, random, _| {
        set.insert(b"middle", 2e9 + (random % 1000) as f64 / 1000.0);
        assert!(set.as_ref().rank(b"middle", false).is_some());
    });
    check("pop the first", 4, &mut |set, _, _| assert!(set.pop_first(|_, _| ()).is_some()));
    check("pop the last", 4, &mut |set, _, _| assert!(set.pop_last(|_, _| ()).is_some()));
    check("a queue", 8, &mut |set, _, number| {
        set.insert(format!("queued:{number}").as_bytes(), 1e12 + number as f64);
        assert!(set.pop_first(|_, _| ()).is_some());
    });
    check("a queue by name", 8, &mut |set, _, number| {
        set.insert(format!("named:{number}").as_bytes(), 1e12 + number as f64);
        let first = set.as_ref().at(0).map(|(member, _)| member.to_vec()).expect("a member");
        assert!(set.remove(&first).is_some());
    });
    check("a stack", 8, &mut |set, _, number| {
        set.insert(format!("stacked:{number}").as_bytes(), 1e13 + number as f64);
        assert!(set.pop_last(|_, _| ()).is_some());
    });
    check("a queue in random order", 8, &mut |set, random, _| {
        set.insert(&random.to_be_bytes(), -1.0);
        assert!(set.pop_first(|_, _| ()).is_some());
    });
}

#[test]
#[cfg_attr(miri, ignore = "so many picks take too long there")]
fn random_picks_are_uniform() {
    // Below and above the size from which intervals are drawn.
    for count in [1, 50, 89, 400, 3000] {
        let entry = stored_set(count);
        let set = SetRef::of(entry.as_ref());
        let mut random = random(count as u64);
        let mut picked = vec![0u32; count];
        let picks = count * 100;
        for _ in 0..picks {
            let member = set.random(&mut random).expect("it has members").to_vec();
            let number = str::from_utf8(&member[b"member:".len()..]).unwrap();
            picked[number.parse::<usize>().unwrap()] += 1;
        }
        let chi_squared: f64 = picked.iter().map(|&times| (f64::from(times) - 100.0).powi(2) / 100.0).sum();
        let freedom = (count - 1) as f64;
        // Within six deviations.
        assert!((chi_squared - freedom).abs() <= 6.0 * (2.0 * freedom).sqrt(), "{chi_squared} of {count}");
    }
}

/// The names as if their hashes said nothing: all but one are in one interval.
#[test]
fn a_pick_ends_where_hashes_are_alike() {
    let count = rounds(1000);
    let mut map = Map::default();
    let names = names::Names::below(b"");
    map.set(&[0xff; 8], b"");
    for number in 1..count as u32 {
        let mut key = vec![0, 0, 0, 7];
        key.extend_from_slice(&number.to_be_bytes());
        map.set(&key, b"");
    }
    let mut random = random(1);
    let picked: HashSet<Key> = (0..count * 10)
        .map(|_| names.random_key(&map, count, &mut random).expect("there are names"))
        .collect();
    assert!(picked.len() > count * 9 / 10);
    assert_eq!(names.random_key(&Map::default(), 1000, &mut random), None, "a wrong count");
    assert_eq!(names.random_key(&Map::default(), 0, &mut random), None);
}

#[test]
fn a_scan_gives_what_is_there_throughout() {
    let (count, limits) = (rounds(2000), limits());
    let mut entry = stored_set(count);
    let mut random = random(9);
    for at_once in [1, 10, 700] {
        let (mut seen, mut cursor, mut step) = (HashSet::new(), 0, 0);
        loop {
            cursor = SetRef::of(entry.as_ref()).scan(cursor, at_once, &mut |member| {
                seen.insert(member.to_vec());
            });
            if cursor == 0 {
                break;
            }
            step += 1;
            let other = format!("other:{}", random() % 1000);
            let mut set = SetMut::of(&mut entry, &limits);
            _ = if step % 2 == 0 { set.insert(other.as_bytes()) } else { set.remove(other.as_bytes()) };
        }
        assert!((0..count).all(|number| seen.contains(format!("member:{number}").as_bytes())));
    }
}

#[test]
fn a_stream_costs_the_same_however_long_it_is_and_was() {
    let (count, limits) = (rounds(50_000) as u64, limits());
    let id = |ms| StreamId { ms, seq: 0 };
    let mut entry = crate::stream::empty(b"key");
    spill(&mut entry);
    let append = |entry: &mut Entry, ms| {
        StreamMut::of(entry, &limits).append(id(ms), [&b"field"[..], b"value"].into_iter());
    };
    let groups = StreamMut::of(&mut entry, &limits).into_groups();
    let group = groups.create(b"group", Progress::default());
    let consumer = groups.create_consumer(group, b"who", 1);
    (1..=count).for_each(|ms| append(&mut entry, ms));
    let keep = |max| Trim { until: Until::Length(max), is_approximate: false, work_max: None };
    // A queue: as one entry comes, the first one goes, is delivered and is acknowledged.
    for ms in count + 1..=count + 1000 {
        append(&mut entry, ms);
        let spent = cost(&mut entry, |entry| {
            assert_eq!(StreamMut::of(entry, &limits).trim(keep(count as usize)), 1);
        });
        assert!(spent.passed <= 3, "{spent:?}");
        let spent = cost(&mut entry, |entry| {
            let groups = StreamMut::of(entry, &limits).into_groups();
            groups.set_pending(group, id(ms), Pending { consumer, delivered_ms: 1, deliveries: 1 });
            for held_by in [None, Some(consumer)] {
                let mut held = 0;
                groups.visit_pending(group, held_by, StreamId::MIN, &mut |_, _| {
                    held += 1;
                    true
                });
                assert_eq!(held, 1);
            }
            assert!(groups.remove_pending(group, id(ms)));
        });
        assert!(spent.passed <= 4, "{spent:?}");
    }
    check_cost(&mut entry, [1, 1, 1, 1], |entry| {
        assert!(StreamMut::of(entry, &limits).remove(id(1001)));
    });
    let span = Span { first: id(count / 2), last: StreamId::MAX, backward: false };
    check_cost(&mut entry, [0, 1, 1, 0], |entry| {
        StreamRef::of(entry.as_ref()).visit(span, &mut |_| false);
    });
}

#[test]
fn malformed_meta_is_an_error() {
    let mut random = random(2);
    let forms = [
        Form::ListStored,
        Form::SetStored,
        Form::HashStored,
        Form::HashStoredTimed,
        Form::ZSetStored,
        Form::StreamStored,
    ];
    let mut entry = crate::hash::empty(b"key");
    let mut open = |form, meta: &[u8]| stored_open(&mut entry, form, meta);
    for form in forms {
        for meta in
            [&b""[..], b"\x00\x01", b"\x02\x01\x01\x01", b"\x01", b"\x01\x80", b"\x01\x01\x02\x00\x00\x00"]
        {
            assert!(open(form, meta).is_err(), "{form:?} {meta:?}");
        }
    }
    assert!(open(Form::Bytes, b"\x01\x01").is_err());
    let far = b"\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert!(open(Form::ListStored, far).is_err(), "at the end of all indices");
    for _ in 0..rounds(20_000) {
        let mut meta: Vec<u8> = (0..random() % 20).map(|_| random() as u8 >> (random() % 8)).collect();
        if let Some(layout) = meta.first_mut() {
            *layout = 1;
        }
        _ = open(forms[random() as usize % forms.len()], &meta);
    }
}

/// Opens a collection that has no elements, and reads and changes it, whatever its meta says that it has.
fn stored_open(entry: &mut Entry, form: Form, meta: &[u8]) -> Result<(), Malformed> {
    let limits = limits();
    open(entry, form, meta, Box::new(Map::default()))?;
    assert_eq!(entry.form(), form);
    match form.kind() {
        Kind::List => {
            let mut list = ListMut::of(entry, &limits);
            assert_eq!(list.as_ref().iter().next(), None);
            assert_eq!(list.pop_front(|_| ()), None);
            list.push_front(b"a");
            assert_eq!(list.get(0), Some(&b"a"[..]));
        }
        Kind::Set => {
            let mut set = SetMut::of(entry, &limits);
            assert!(set.as_ref().random(&mut || 7).is_none());
            assert!(set.insert(b"a") && set.remove(b"a"));
        }
        Kind::Hash => {
            let mut hash = HashMut::of(entry, &limits);
            assert_eq!(hash.as_ref().scan(0, 10, &mut |_, _| ()), 0);
            assert!(hash.set(b"a", b"b") && hash.set_deadline_ms(b"a", Some(5)) && hash.remove(b"a"));
            hash.at(10).sweep(1, &mut |_| ());
        }
        Kind::ZSet => {
            let mut set = ZSetMut::of(entry, &limits);
            assert_eq!(set.as_ref().at(100), None);
            assert_eq!(set.pop_last(|_, _| ()), None);
            assert_eq!(set.insert(b"a", 1.0), Change::Added);
            assert_eq!(set.as_ref().rank(b"a", false).map(|(rank, _)| rank), Some(0));
            assert_eq!(set.remove(b"a"), Some(1.0));
        }
        Kind::Stream => {
            let mut stream = StreamMut::of(entry, &limits);
            let last = stream.as_ref().state().last_id;
            stream.as_ref().visit(Span::ALL, &mut |_| panic!("there is nothing"));
            stream.trim(Trim { until: Until::Length(0), is_approximate: false, work_max: None });
            if let Some(id) = last.next() {
                stream.append(id, [&b"a"[..], b"b"].into_iter());
                assert!(stream.as_ref().contains(id) && stream.remove(id));
            }
            let groups = stream.into_groups();
            assert_eq!(groups.find(b"group"), None);
            groups.visit(&mut |_, _| panic!("there is nothing"));
        }
        Kind::String => {}
    }
    Ok(())
}

/// The bytes on disk, which must not change.
#[test]
fn the_layout_is_as_drawn() {
    let (limits, mut meta) = (limits(), Vec::new());
    let mut write = |entry: &Entry| {
        meta.clear();
        of(entry.as_ref()).expect("a stored collection").write_meta(&mut meta);
        meta.clone()
    };
    let value = |entry: &Entry, key: &[u8]| map(entry).get(key).map(<[u8]>::to_vec);

    let mut entry = crate::hash::empty(b"key");
    spill(&mut entry);
    HashMut::of(&mut entry, &limits).set(b"field", b"value");
    assert_eq!(write(&entry), [1, 1]);
    assert_eq!(value(&entry, b"\x7c\xc9\x8a\x39field"), Some(b"value".to_vec()));
    HashMut::of(&mut entry, &limits).set_deadline_ms(b"field", Some(0x1234));
    assert_eq!(write(&entry), [1, 1, 1, 0xb4, 0x24]);
    assert_eq!(value(&entry, b"\x7c\xc9\x8a\x39field"), Some(b"value".to_vec()));
    let beside = |key: &[u8]| map(&entry).beside().get(key).map(<[u8]>::to_vec);
    assert_eq!(beside(b"dfield"), Some(b"\x34\x12\0\0\0\0\0\0".to_vec()));
    assert_eq!(beside(b"t\0\0\0\0\0\0\x12\x34field"), Some(Vec::new()));

    let mut entry = crate::list::empty(b"key");
    spill(&mut entry);
    ListMut::of(&mut entry, &limits).push(End::Back, ["a"; 200]);
    ListMut::of(&mut entry, &limits).push_front(b"b");
    assert_eq!(write(&entry), [1, 0xc9, 1, 1]);
    assert_eq!(value(&entry, &((1u64 << 63) - 1).to_be_bytes()), Some(b"b".to_vec()));

    let mut entry = crate::zset::empty(b"key");
    spill(&mut entry);
    (0..129u8).for_each(|number| {
        ZSetMut::of(&mut entry, &limits).insert(&[number], 1.0);
    });
    assert_eq!(write(&entry), [1, 0x81, 1, 2, 9]);
    assert_eq!(value(&entry, b"s\xbf\xf0\0\0\0\0\0\0\x05"), Some(Vec::new()));
    assert_eq!(value(&entry, b"f"), Some(vec![64]));
    assert_eq!(value(&entry, b"f\xbf\xf0\0\0\0\0\0\0\x40"), Some(vec![65]));

    let mut entry = crate::stream::empty(b"key");
    spill(&mut entry);
    let id = |ms, seq| StreamId { ms, seq };
    StreamMut::of(&mut entry, &limits).append(id(1, 2), [&b"a"[..], b"300"].into_iter());
    StreamMut::of(&mut entry, &limits).append(id(3, 0), [&b"a"[..], b"b"].into_iter());
    StreamMut::of(&mut entry, &limits).remove(id(3, 0));
    let groups = StreamMut::of(&mut entry, &limits).into_groups();
    let group = groups.create(b"group", Progress { last_id: id(1, 2), entries_read: Some(1) });
    let consumer = groups.create_consumer(group, b"who", 5);
    groups.set_pending(group, id(1, 2), Pending { consumer, delivered_ms: 7, deliveries: 2 });
    groups.note_seen(group, consumer, 6, Some(7));
    assert_eq!(write(&entry), [1, 1, 3, 0, 3, 0, 2, 1, 2, 1, 2, 1, 1]);
    let bytes = id(1, 2).to_bytes();
    let key = |prefix: &[u8]| [prefix, &bytes].concat();
    assert_eq!(value(&entry, &key(b"e")), Some(b"\x01\x01a\xc2\x2c\x01".to_vec()));
    assert_eq!(value(&entry, b"ngroup"), Some(vec![0; 4]));
    assert_eq!(value(&entry, b"g\0\0\0\0"), Some(vec![1, 2, 2, 1, 1, 1, 1, 2]));
    assert_eq!(value(&entry, b"m\0\0\0\0who"), Some(vec![0; 4]));
    assert_eq!(value(&entry, b"c\0\0\0\0\0\0\0\0"), Some(b"\x06\x08\x01\x01\x02who".to_vec()));
    assert_eq!(value(&entry, &key(b"p\0\0\0\0")), Some(vec![0, 7, 2]));
    assert_eq!(value(&entry, &key(b"q\0\0\0\0\0\0\0\0")), Some(Vec::new()));
}
