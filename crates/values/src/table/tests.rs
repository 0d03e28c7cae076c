//! The table against a model, against hostile hashes, and against its promises of memory and latency.
//!
//! All run under Miri too, with smaller counts.
#![allow(unsafe_code)] // an element is an unsafe trait's implementation

use std::cell::Cell;
use std::collections::HashMap;
use std::ptr::NonNull;

use super::*;

thread_local! {
    static MOVES: Cell<usize> = const { Cell::new(0) };
    static ALIVE: Cell<usize> = const { Cell::new(0) };
}

/// Segments report each element that they move to another allocation.
pub(super) fn note_move() {
    MOVES.set(MOVES.get() + 1);
}

struct Content {
    key: u64,
    hash: u64,
    deadline_ms: u64,
}

/// A minimal element; counts how many of it there are in this thread.
struct Item(NonNull<Content>);

impl Item {
    fn new(key: u64, hash: u64) -> Item {
        ALIVE.set(ALIVE.get() + 1);
        Item(NonNull::from(Box::leak(Box::new(Content { key, hash, deadline_ms: u64::MAX }))))
    }

    fn content(&self) -> &Content {
        // SAFETY: from `Box::leak`, freed only in `drop`.
        unsafe { self.0.as_ref() }
    }

    fn content_mut(&mut self) -> &mut Content {
        // SAFETY: as in `content`, and borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        // SAFETY: from `Box::leak`, not used again.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: the word is the pointer, which has 48 bits and is not null.
unsafe impl Element for Item {
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0.as_ptr().expose_provenance() as u64
    }

    unsafe fn from_word(word: u64) -> Self {
        let pointer = std::ptr::with_exposed_provenance_mut(word as usize);
        Item(NonNull::new(pointer).expect("words are not zero"))
    }

    fn hash_key(&self) -> u64 {
        self.content().hash
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn mixed(key: u64) -> u64 {
    let mut hash = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

fn scaled(count: u64) -> u64 {
    if cfg!(miri) { (count / 500).max(200) } else { count }
}

fn insert(table: &mut Table<Item>, key: u64) {
    table.insert_unique(mixed(key), Item::new(key, mixed(key)));
}

fn filled(keys: std::ops::Range<u64>) -> Table<Item> {
    let mut table = Table::new();
    keys.for_each(|key| insert(&mut table, key));
    table
}

fn contains(table: &Table<Item>, key: u64) -> bool {
    table.find(mixed(key), |item| item.content().key == key).is_some()
}

fn remove(table: &mut Table<Item>, key: u64) -> bool {
    table.remove(mixed(key), |item| item.content().key == key).is_some()
}

/// Everything that must hold of a table's structure, and that it holds what the model holds.
fn check(table: &Table<Item>, model: &HashMap<u64, u64>, hash: impl Fn(u64) -> u64) {
    assert_eq!(table.len(), model.len());
    let mut count = 0;
    for (first_hash, segment) in table.segments() {
        let mut in_segment = 0;
        let mut slot = 0;
        while let Some((at, item)) = segment.next_element(slot) {
            let key = item.content().key;
            assert_eq!(item.content().deadline_ms, model[&key]);
            assert!(segment.deadline_bound() <= item.content().deadline_ms);
            if segment.depth() > 0 {
                assert_eq!(item.hash_key() >> (64 - segment.depth()), first_hash >> (64 - segment.depth()));
            }
            in_segment += 1;
            slot = at + 1;
        }
        assert_eq!(in_segment, segment.len());
        count += in_segment;
    }
    assert_eq!(count, model.len());
    for &key in model.keys() {
        assert!(table.find(hash(key), |item| item.content().key == key).is_some(), "{key} is lost");
    }
    assert!(table.earliest_deadline() <= model.values().copied().min().unwrap_or(u64::MAX));
    if model.is_empty() {
        assert_eq!(table.memory_bytes(), size_of::<Table<Item>>());
    }
}

/// Random operations on keys below `keys`, first mostly insertions, then mostly removals, then down to nothing.
fn against_model(keys: u64, operations: u64, hash: impl Fn(u64) -> u64 + Copy) {
    let mut random = Random(keys ^ operations);
    let mut table = Table::new();
    let mut model = HashMap::new();
    for operation in 0..operations {
        let key = random.below(keys);
        let is_key = |item: &Item| item.content().key == key;
        let removing = if operation < operations / 2 { 1 } else { 6 };
        match random.below(10) {
            choice if choice < removing => {
                assert_eq!(table.remove(hash(key), is_key).is_some(), model.remove(&key).is_some());
            }
            8 => assert_eq!(table.find(hash(key), is_key).is_some(), model.contains_key(&key)),
            9 => {
                let deadline_ms = random.below(1 << 40);
                let found = table.find_mut(hash(key), is_key);
                assert_eq!(found.is_some(), model.contains_key(&key));
                if let Some(mut item) = found {
                    // A new allocation, as when a value grows.
                    *item = Item::new(key, hash(key));
                    item.content_mut().deadline_ms = deadline_ms;
                    item.note_deadline(deadline_ms);
                    model.insert(key, deadline_ms);
                }
            }
            _ => {
                let (item, inserted) = table.find_or_insert(hash(key), is_key, || Item::new(key, hash(key)));
                assert_eq!(item.content().key, key);
                assert_eq!(inserted, !model.contains_key(&key));
                model.entry(key).or_insert(u64::MAX);
            }
        }
        if operation % (operations / 5) == 0 {
            check(&table, &model, hash);
        }
    }
    check(&table, &model, hash);
    let mut rest: Vec<u64> = model.keys().copied().collect();
    rest.sort_unstable();
    for (done, key) in rest.into_iter().enumerate() {
        assert!(table.remove(hash(key), |item| item.content().key == key).is_some());
        model.remove(&key);
        if model.len() < 20 || done % 20_000 == 0 {
            check(&table, &model, hash);
        }
    }
    check(&table, &model, hash);
    assert_eq!(ALIVE.get(), 0);
}

/// A fuzz target: its input chooses the hashes too, alike in whichever of their bits.
#[test]
fn any_input_agrees_with_a_model() {
    crate::model::run("table", |choices| {
        let (way, shift, ones) = (choices.below(5), choices.below(64), choices.bits() & choices.bits());
        let hash = |key: u64| match way {
            0 => mixed(key),
            1 => mixed(key) >> shift,
            2 => mixed(key) | ones,
            3 => mixed(key) & !ones,
            // Some are all equal, among others that are not.
            _ if key % 64 <= shift as u64 => ones,
            _ => mixed(key),
        };
        let mut random = choices.random();
        let mut table = Table::new();
        let mut model = HashMap::new();
        while !choices.are_over() {
            let operation = choices.below(8);
            let (first, count) = (choices.below(1 << 12), choices.below(1 << 11));
            let step = 1 + choices.below(3);
            let keys = (first..first + if operation < 4 { count } else { 1 }).step_by(step);
            for key in keys.map(|key| key as u64) {
                let is_key = |item: &Item| item.content().key == key;
                match operation {
                    0 | 1 => {
                        let make = || Item::new(key, hash(key));
                        let (item, is_new) = table.find_or_insert(hash(key), is_key, make);
                        assert_eq!(item.content().key, key);
                        assert_eq!(is_new, !model.contains_key(&key));
                        drop(item);
                        model.entry(key).or_insert(u64::MAX);
                    }
                    2 => assert_eq!(table.remove(hash(key), is_key).is_some(), model.remove(&key).is_some()),
                    3 => {
                        let deadline_ms = 1 + (key ^ shift as u64) % 1000;
                        let found = table.find_mut(hash(key), is_key);
                        assert_eq!(found.is_some(), model.contains_key(&key));
                        if let Some(mut item) = found {
                            *item = Item::new(key, hash(key));
                            item.content_mut().deadline_ms = deadline_ms;
                            item.note_deadline(deadline_ms);
                            model.insert(key, deadline_ms);
                        }
                    }
                    4 => match table.random_mut(&mut || random.next_u64()) {
                        Some(item) => assert!(model.remove(&item.remove().content().key).is_some()),
                        None => assert!(model.is_empty()),
                    },
                    5 => {
                        let now_ms = key % 1000;
                        while table.sweep(
                            now_ms,
                            1 + count,
                            |item| fate(item, now_ms),
                            |item| assert!(model.remove(&item.content().key).is_some_and(|at| at <= now_ms)),
                        ) > count
                        {}
                        assert!(model.values().all(|&deadline_ms| deadline_ms > now_ms));
                    }
                    6 => {
                        let divisor = 1 + count as u64;
                        table.retain(|item| !item.content().key.is_multiple_of(divisor));
                        model.retain(|key, _| !key.is_multiple_of(divisor));
                    }
                    _ => {
                        // Each element once, as nothing changes meanwhile.
                        let mut scanned = crate::model::scan_all(|cursor, found| {
                            table.scan(cursor, count, |item| found.push(item.content().key))
                        });
                        scanned.sort_unstable();
                        let mut held: Vec<u64> = model.keys().copied().collect();
                        held.sort_unstable();
                        assert_eq!(scanned, held);
                        check(&table, &model, hash);
                    }
                }
            }
        }
        check(&table, &model, hash);
        drop(table);
        assert_eq!(ALIVE.get(), 0);
    });
}

#[test]
fn agrees_with_a_model_when_large() {
    against_model(scaled(250_000), scaled(1_000_000), mixed);
}

#[test]
fn agrees_with_a_model_when_small() {
    for keys in [1, 5, 9, 20, 100, 700] {
        against_model(keys, scaled(20_000), mixed);
    }
}

#[test]
fn agrees_with_a_model_when_all_tags_are_equal() {
    against_model(scaled(6_000), scaled(30_000), |key| mixed(key) & !0xffff);
    against_model(scaled(6_000), scaled(30_000), |key| mixed(key) | 0xffff);
}

#[test]
fn agrees_with_a_model_when_tags_crowd_at_the_end() {
    against_model(scaled(3_000), scaled(30_000), |key| mixed(key) | 0xf000);
}

#[test]
fn agrees_with_a_model_when_leading_bits_are_equal() {
    against_model(scaled(30_000), scaled(100_000), |key| mixed(key) >> 24);
    against_model(scaled(30_000), scaled(100_000), |key| mixed(key) | !0 << 50);
}

#[test]
fn agrees_with_a_model_when_all_hashes_are_equal() {
    against_model(scaled(1_500), scaled(6_000), |_| 0x1234_5678_9abc_def0);
}

#[test]
fn few_equal_hashes_among_many_others_do_no_harm() {
    let few = |key: u64| if key < 900 { mixed(7) } else { mixed(key) };
    against_model(scaled(50_000), scaled(150_000), few);
    let mut table = Table::new();
    for key in 0..scaled(50_000) {
        table.insert_unique(few(key), Item::new(key, few(key)));
    }
    assert!(table.memory_bytes() < 13 * table.len());
}

#[test]
fn dropping_and_forgetting_free_what_they_should() {
    let keys = scaled(20_000);
    drop(filled(0..keys));
    assert_eq!(ALIVE.get(), 0);
    let mut table = filled(0..keys);
    table.clear();
    assert_eq!((ALIVE.get(), table.len(), table.memory_bytes()), (0, 0, size_of::<Table<Item>>()));

    let mut drained = filled(0..keys).into_iter();
    let mut seen: Vec<u64> =
        drained.by_ref().take(keys as usize / 2).map(|item| item.content().key).collect();
    assert_eq!(ALIVE.get(), keys as usize / 2);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), keys as usize / 2);
    drop(drained);
    assert_eq!(ALIVE.get(), 0);

    let mut table = filled(0..100);
    let drained: Vec<Item> = table.drain().collect();
    assert!(drained.len() == 100 && table.is_empty());
    drop(drained);

    let mut table = filled(0..100);
    std::mem::forget(table.find_mut(mixed(5), |item| item.content().key == 5));
    assert!(!contains(&table, 5));
    (100..5_000).for_each(|key| insert(&mut table, key));
    (6..5_000).for_each(|key| assert!(remove(&mut table, key)));
    drop(table);
    assert_eq!(ALIVE.get(), 1);
}

#[test]
fn iterates_over_everything_once() {
    for keys in [0, 1, 61, 1_000, scaled(100_000)] {
        let table = filled(0..keys);
        let mut seen: Vec<u64> = table.iter().map(|item| item.content().key).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..keys).collect::<Vec<_>>());
    }
}

#[test]
fn retain_asks_once_and_removes() {
    for (keys, kept_of) in [(1, 2), (7, 3), (61, 2), (61, 100), (1_000, 2), (scaled(100_000), 7)] {
        let mut table = filled(0..keys);
        let mut asked = vec![];
        table.retain(|item| {
            asked.push(item.content().key);
            item.content().key % kept_of == 1
        });
        asked.sort_unstable();
        assert_eq!(asked, (0..keys).collect::<Vec<_>>());
        let model = (0..keys).filter(|key| key % kept_of == 1).map(|key| (key, u64::MAX)).collect();
        check(&table, &model, mixed);
    }
}

/// Scans while `change` changes the table between calls; everything in `stays` must be seen.
fn scan_through(
    table: &mut Table<Item>,
    stays: std::ops::Range<u64>,
    min_elements: usize,
    mut change: impl FnMut(&mut Table<Item>),
) -> usize {
    let mut seen = vec![false; stays.end as usize];
    let (mut cursor, mut calls) = (0, 0);
    loop {
        cursor = table.scan(cursor, min_elements, |item| {
            if let Some(seen) = seen.get_mut(item.content().key as usize) {
                *seen = true;
            }
        });
        calls += 1;
        assert!(cursor <= u64::from(u32::MAX));
        if cursor == 0 {
            break;
        }
        change(table);
    }
    assert!(seen[stays.start as usize..].iter().all(|&seen| seen), "an element was missed");
    calls
}

#[test]
fn a_scan_sees_what_stays_while_the_table_grows() {
    let mut next = 2_000;
    let mut table = filled(0..next);
    scan_through(&mut table, 0..2_000, 1, |table| {
        for _ in 0..1_000 {
            insert(table, next);
            next += 1;
        }
    });
    assert!(next > 10_000);
}

#[test]
fn a_scan_sees_what_stays_while_the_table_shrinks() {
    let keys = scaled(200_000);
    let mut table = filled(0..keys);
    let mut next = 500;
    scan_through(&mut table, 0..500, 100, |table| {
        for _ in 0..scaled(2_000) {
            if next < keys {
                assert!(remove(table, next));
                next += 1;
            }
        }
    });
    assert_eq!(table.len() as u64, 500 + keys - next);
}

#[test]
fn a_scan_sees_what_stays_while_the_table_breathes() {
    let mut random = Random(99);
    let (mut first, mut next) = (1_000, 1_000);
    let mut table = filled(0..1_000);
    for _ in 0..scaled(100).min(100) {
        scan_through(&mut table, 0..1_000, random.below(600) as usize, |table| {
            if random.below(2) == 0 {
                for _ in 0..random.below(6_000) {
                    insert(table, next);
                    next += 1;
                }
            } else {
                for _ in 0..random.below(12_000).min(next - first) {
                    assert!(remove(table, first));
                    first += 1;
                }
            }
        });
    }
}

#[test]
fn a_scan_of_a_resting_table_visits_each_element_once() {
    let keys = scaled(50_000);
    let mut table = filled(0..keys);
    let mut visits = 0;
    let (mut cursor, mut calls) = (0, 0);
    loop {
        let before = visits;
        cursor = table.scan(cursor, 10, |_| visits += 1);
        calls += 1;
        assert!(visits - before < 600, "one segment is enough for 10 elements");
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(visits, keys);
    assert!(cfg!(miri) || calls > 50);
    assert_eq!(scan_through(&mut table, 0..keys, usize::MAX, |_| {}), 1);
}

#[test]
fn any_cursor_is_good() {
    let table = filled(0..1_000);
    for cursor in [1, 77, u64::from(u32::MAX), u64::MAX, 1 << 32, 1 << 63] {
        table.scan(cursor, 5, |_| {});
    }
    assert_eq!(Table::<Item>::new().scan(u64::MAX, 10, |_| unreachable!("empty")), 0);
}

/// Pearson's chi-square of `draws` choices; for n elements it is n on average, with a deviation of sqrt(2n).
fn chi_square(table: &Table<Item>, draws_each: u64) -> f64 {
    let mut random = Random(4242);
    let mut counts: HashMap<u64, u64> = table.iter().map(|item| (item.content().key, 0)).collect();
    for _ in 0..draws_each * table.len() as u64 {
        let item = table.random(&mut || random.next()).unwrap();
        *counts.get_mut(&item.content().key).unwrap() += 1;
    }
    counts.values().map(|&count| (count as f64 - draws_each as f64).powi(2) / draws_each as f64).sum()
}

fn check_uniform(table: &Table<Item>) {
    let n = table.len() as f64;
    let chi_square = chi_square(table, 40);
    assert!((chi_square - n).abs() < 6.0 * (2.0 * n).sqrt() + 2.0, "{chi_square} for {n} elements");
}

#[test]
fn random_is_uniform() {
    for keys in [1, 2, 9, 61, 700, 5_000] {
        check_uniform(&filled(0..keys));
    }
    assert!(Table::<Item>::new().random(&mut || 0).is_none());
}

#[test]
fn random_is_uniform_and_ends_when_segments_differ_much() {
    // Elements of many different depths: each leading bit halves the number that share it.
    let mut table = Table::new();
    let mut key = 0;
    for zeros in 0..12 {
        for _ in 0..if zeros == 11 { 900 } else { 30 } {
            let hash = mixed(key) >> zeros;
            table.insert_unique(hash, Item::new(key, hash));
            key += 1;
        }
    }
    check_uniform(&table);
    // What a client leaves that deletes in the order of its scan: one dense end of a large directory.
    let mut table = filled(0..scaled(200_000));
    table.retain(|item| item.hash_key() > u64::MAX / 300 * 299);
    check_uniform(&table);
}

#[test]
fn random_ends_even_with_a_broken_source() {
    let table = filled(0..scaled(20_000));
    for constant in [0, 1, u64::MAX, 1 << 63] {
        // Lemire's method rejects a product whose low half is small; a constant one may be rejected for ever.
        let mut calls = 0;
        let mut source = || {
            calls += 1;
            if calls % 2 == 0 { constant } else { constant ^ 0x5555 << 20 }
        };
        assert!(table.random(&mut source).is_some());
    }
}

#[test]
fn random_removal_empties_the_table() {
    let mut random = Random(5);
    let mut table = filled(0..scaled(50_000));
    let mut removed = vec![];
    while let Some(item) = table.random_mut(&mut || random.next()) {
        removed.push(item.remove().content().key);
    }
    removed.sort_unstable();
    assert_eq!(removed, (0..scaled(50_000)).collect::<Vec<_>>());
    assert_eq!(table.memory_bytes(), size_of::<Table<Item>>());
}

#[test]
fn takes_about_ten_bytes_for_each_element() {
    assert!(size_of::<Table<Item>>() <= 32);
    let average = |lens: std::ops::Range<u64>| {
        let mut table = Table::new();
        let (mut total, mut count) = (0.0, 0.0);
        for key in 0..lens.end {
            insert(&mut table, key);
            if key + 1 >= lens.start {
                total += (table.memory_bytes() - size_of::<Table<Item>>()) as f64 / (key + 1) as f64;
                count += 1.0;
            }
        }
        total / count
    };
    assert!(average(10..11) <= 12.8);
    assert!(average(61..62) <= 10.5);
    // Around each size, as slots and large tables happen to be.
    assert!(average(45..80) <= 10.5);
    assert!(average(700..1_400) <= 10.5);
    if !cfg!(miri) {
        assert!(average(70_000..140_000) <= 10.5);
        assert!(average(700_000..1_400_000) <= 10.5);
    }
}

#[test]
fn memory_comes_back_as_the_table_shrinks() {
    let keys = scaled(300_000);
    let mut table = filled(0..keys);
    for key in 0..keys {
        assert!(remove(&mut table, key));
        let len = table.len();
        if len > 100 {
            assert!(table.memory_bytes() < 20 * len, "{} bytes for {len}", table.memory_bytes());
        }
    }
    assert_eq!(table.memory_bytes(), size_of::<Table<Item>>());
}

#[test]
fn no_call_moves_more_than_a_few_hundred_elements() {
    let keys = scaled(2_000_000);
    let limit = 600;
    let mut table = Table::new();
    let mut total = 0;
    let mut counted = |operation: &mut dyn FnMut()| {
        MOVES.set(0);
        operation();
        assert!(MOVES.get() <= limit, "moved {} elements", MOVES.get());
        total += MOVES.get() as u64;
    };
    for key in 0..keys {
        counted(&mut || insert(&mut table, key));
    }
    for key in 0..keys {
        counted(&mut || assert!(remove(&mut table, key)));
    }
    // And not often either: growing and shrinking is a constant number of moves for each element.
    assert!(total < 14 * keys, "{total} moves for {keys} elements");
}

#[test]
fn growing_and_shrinking_by_one_does_not_flap() {
    for keys in (1..3_000).step_by(if cfg!(miri) { 500 } else { 1 }) {
        let mut table = filled(0..keys);
        MOVES.set(0);
        for _ in 0..4 {
            insert(&mut table, keys);
            assert!(remove(&mut table, keys));
        }
        assert!(MOVES.get() <= 500, "{} moves at {keys} elements", MOVES.get());
    }
}

#[test]
fn a_sweep_removes_what_is_due_and_nothing_else() {
    for keys in [1, 10, 61, 1_000, scaled(60_000)] {
        let mut random = Random(keys);
        let mut table = filled(0..keys);
        let mut model: HashMap<u64, u64> = (0..keys).map(|key| (key, u64::MAX)).collect();
        assert_eq!(table.earliest_deadline(), u64::MAX);
        for key in (0..keys).filter(|key| key % 3 != 0) {
            let deadline_ms = 1_000 + random.below(1_000_000);
            table.find_mut(mixed(key), |item| item.content().key == key).unwrap().content_mut().deadline_ms =
                deadline_ms;
            table.note_deadline(mixed(key), deadline_ms);
            model.insert(key, deadline_ms);
        }
        for now_ms in [0, 999, 1_000, 30_000, 31_000, 400_000, 990_000, 1_000_999, 1_001_000, 1 << 42] {
            loop {
                let mut swept = vec![];
                let segments = table.sweep(
                    now_ms,
                    3,
                    |item| fate(item, now_ms),
                    |item| {
                        swept.push((item.content().key, item.content().deadline_ms));
                    },
                );
                for (key, deadline_ms) in swept {
                    assert!(deadline_ms <= now_ms);
                    assert_eq!(model.remove(&key), Some(deadline_ms));
                }
                if segments < 3 {
                    break;
                }
            }
            assert!(model.values().all(|&deadline_ms| deadline_ms > now_ms));
            assert!(table.earliest_deadline() > now_ms);
            check(&table, &model, mixed);
            for later_ms in [now_ms, now_ms + 1_000, now_ms + 300_000] {
                let due = model.values().filter(|&&deadline_ms| deadline_ms <= later_ms).count();
                assert_eq!(table.count_due(later_ms, |item| Some(item.content().deadline_ms)), due);
            }
            // Some go and some come, so that segments merge and split under their bounds.
            let gone: Vec<u64> = model.keys().copied().filter(|_| random.below(5) == 0).collect();
            for key in gone {
                model.remove(&key);
                assert!(remove(&mut table, key));
            }
            check(&table, &model, mixed);
        }
    }
}

fn fate(item: &Item, now_ms: u64) -> Fate {
    match item.content().deadline_ms {
        deadline_ms if deadline_ms <= now_ms => Fate::Goes,
        until_ms => Fate::Stays { until_ms },
    }
}

#[test]
fn a_sweep_goes_only_through_segments_that_may_have_something() {
    let keys = scaled(100_000);
    let mut table = filled(0..keys);
    let due = 7;
    table.find_mut(mixed(due), |item| item.content().key == due).unwrap().content_mut().deadline_ms = 50;
    table.note_deadline(mixed(due), 50);
    let looked_at = Cell::new(0);
    let judge = |item: &Item| {
        looked_at.set(looked_at.get() + 1);
        fate(item, 50)
    };
    let deadline_of = |item: &Item| Some(item.content().deadline_ms);
    assert_eq!([0, 49, 50].map(|now_ms| table.count_due(now_ms, deadline_of)), [0, 0, 1]);
    assert_eq!(table.sweep(49, 100, judge, |_| unreachable!("nothing is due")), 0);
    let mut expired = vec![];
    assert_eq!(table.sweep(50, 100, judge, |item| expired.push(item.content().key)), 1);
    assert_eq!(expired, [due]);
    assert!(looked_at.get() < 600);
    assert_eq!(table.earliest_deadline(), u64::MAX);
}

#[test]
fn deadlines_beyond_the_range_are_early_and_never_late() {
    let mut table = filled(0..10);
    table.note_deadline(mixed(3), u64::MAX - 1);
    assert!(table.earliest_deadline() < u64::MAX && table.earliest_deadline() > 1 << 42);
}
