//! Insertion, look-up and removal in a [`Table`], beside hashbrown's table of the same elements and std's map of
//! plain integers (which has no second cache line to go to), in nanoseconds for each operation.
//!
//! `cargo bench -p values --bench table [-- ELEMENTS…]`
#![allow(unsafe_code, missing_docs)] // an element is an unsafe trait's implementation

use std::collections::HashMap;
use std::hint::black_box;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::time::Duration;

use hashbrown::HashTable;
use values::table::{Element, Table};

/// Elements in all tables of a round together: enough that small tables do not stay in the nearest cache.
const ELEMENTS_PER_ROUND: usize = 400_000;
/// Operations for each figure, over all rounds; the best round counts.
const OPERATIONS: usize = 8_000_000;

const PHASES: [&str; 5] = ["insert", "hit", "miss", "random", "remove"];

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![61, 1_000, 100_000, 5_000_000] } else { sizes };
    println!("CPU time in ns for each operation; bytes of the table for each element\n");
    print!("{:>10} {:<10}", "elements", "");
    PHASES.iter().for_each(|phase| print!(" {phase:>8}"));
    println!(" {:>8}", "bytes");
    for elements in sizes {
        let workload = Workload::new(elements);
        let (mut table, mut peer, mut std) = (Figures::NONE, Figures::NONE, Figures::NONE);
        for _ in 0..(OPERATIONS / workload.order.len()).max(1) {
            table.merge(workload.run::<EskerTable>());
            peer.merge(workload.run::<PeerTable>());
            std.merge(workload.run::<StdMap>());
        }
        for (name, figures) in [("Table", table), ("hashbrown", peer), ("std", std)] {
            println!("{elements:>10} {name:<10}{figures}");
        }
    }
}

/// Keys and the tables they go to, in two random orders.
struct Workload {
    tables: usize,
    order: Vec<(u32, u64)>,
    other_order: Vec<(u32, u64)>,
}

impl Workload {
    fn new(elements: usize) -> Self {
        let tables = (ELEMENTS_PER_ROUND / elements).max(1);
        let keys = |table| (0..elements as u64).map(move |key| (table, key));
        let mut order: Vec<(u32, u64)> = (0..tables as u32).flat_map(keys).collect();
        let mut random = Random(0x9e37_79b9);
        let mut shuffle = |order: &mut Vec<(u32, u64)>| {
            for at in (1..order.len()).rev() {
                order.swap(at, (random.next() % (at as u64 + 1)) as usize);
            }
        };
        shuffle(&mut order);
        let mut other_order = order.clone();
        shuffle(&mut other_order);
        Workload { tables, order, other_order }
    }

    fn run<S: Subject>(&self) -> Figures {
        let mut subjects: Vec<S> = (0..self.tables).map(|_| S::new()).collect();
        let mut phases = [None; PHASES.len()];
        let each = |order: &[(u32, u64)], operation: &mut dyn FnMut(usize, u64)| {
            let start = running_time();
            order.iter().for_each(|&(table, key)| operation(table as usize, key));
            Some((running_time() - start).as_nanos() as f64 / order.len() as f64)
        };
        phases[0] = each(&self.order, &mut |table, key| subjects[table].insert(key));
        let bytes = subjects.iter().map(S::memory_bytes).sum::<Option<usize>>();
        phases[1] = each(&self.other_order, &mut |table, key| assert!(subjects[table].contains(key)));
        phases[2] = each(&self.other_order, &mut |table, key| assert!(!subjects[table].contains(!key)));
        if S::CHOOSES_AT_RANDOM {
            let mut random = Random(7);
            phases[3] = each(&self.other_order, &mut |table, _| {
                black_box(subjects[table].random(&mut || random.next()));
            });
        }
        phases[4] = each(&self.other_order, &mut |table, key| assert!(subjects[table].remove(key)));
        Figures { phases, bytes: bytes.map(|bytes| bytes as f64 / self.order.len() as f64) }
    }
}

/// Nanoseconds for each operation by phase, and bytes for each element.
struct Figures {
    phases: [Option<f64>; PHASES.len()],
    bytes: Option<f64>,
}

impl Figures {
    const NONE: Figures = Figures { phases: [None; PHASES.len()], bytes: None };

    /// Keeps the best of each.
    fn merge(&mut self, other: Figures) {
        for (best, new) in self.phases.iter_mut().zip(other.phases) {
            *best = best.zip(new).map(|(best, new)| best.min(new)).or(new);
        }
        self.bytes = other.bytes;
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for figure in self.phases.iter().chain([&self.bytes]) {
            match figure {
                Some(figure) => write!(f, " {figure:>8.1}")?,
                None => write!(f, " {:>8}", "-")?,
            }
        }
        Ok(())
    }
}

/// Time that this thread has been running: neighbours on the machine count less.
fn running_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes the time to where the pointer says.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert!(result == 0, "every Unix has this clock");
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// What is measured of each table.
trait Subject {
    const CHOOSES_AT_RANDOM: bool = false;
    fn new() -> Self;
    fn insert(&mut self, key: u64);
    fn contains(&self, key: u64) -> bool;
    fn remove(&mut self, key: u64) -> bool;
    fn random(&self, _random: &mut impl FnMut() -> u64) -> Option<u64> {
        None
    }
    /// Of the table itself, not of what its pointers own; `None` where that cannot be told.
    fn memory_bytes(&self) -> Option<usize>;
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[inline]
fn hash(key: u64) -> u64 {
    let mut hash = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

/// A boxed key.
struct Boxed(NonNull<u64>);

impl Boxed {
    fn new(key: u64) -> Self {
        Boxed(NonNull::from(Box::leak(Box::new(key))))
    }

    #[inline]
    fn key(&self) -> u64 {
        // SAFETY: from `Box::leak`, freed only in `drop`.
        unsafe { self.0.read() }
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: from `Box::leak`, not used again.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: the word is the pointer, which has 48 bits and is not null.
unsafe impl Element for Boxed {
    #[inline]
    fn into_word(self) -> u64 {
        ManuallyDrop::new(self).0.as_ptr().expose_provenance() as u64
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        // SAFETY: words are not zero.
        Boxed(unsafe { NonNull::new_unchecked(std::ptr::with_exposed_provenance_mut(word as usize)) })
    }

    #[inline]
    fn hash_key(&self) -> u64 {
        hash(self.key())
    }
}

struct EskerTable(Table<Boxed>);

impl Subject for EskerTable {
    const CHOOSES_AT_RANDOM: bool = true;

    fn new() -> Self {
        EskerTable(Table::new())
    }

    fn insert(&mut self, key: u64) {
        self.0.find_or_insert(hash(key), |element| element.key() == key, || Boxed::new(key));
    }

    fn contains(&self, key: u64) -> bool {
        self.0.find(hash(key), |element| element.key() == key).is_some()
    }

    fn remove(&mut self, key: u64) -> bool {
        self.0.remove(hash(key), |element| element.key() == key).is_some()
    }

    fn random(&self, random: &mut impl FnMut() -> u64) -> Option<u64> {
        self.0.random(random).map(|element| element.key())
    }

    fn memory_bytes(&self) -> Option<usize> {
        Some(self.0.memory_bytes())
    }
}

struct PeerTable(HashTable<Boxed>);

impl Subject for PeerTable {
    fn new() -> Self {
        PeerTable(HashTable::new())
    }

    fn insert(&mut self, key: u64) {
        self.0
            .entry(hash(key), |element| element.key() == key, |element| hash(element.key()))
            .or_insert_with(|| Boxed::new(key));
    }

    fn contains(&self, key: u64) -> bool {
        self.0.find(hash(key), |element| element.key() == key).is_some()
    }

    fn remove(&mut self, key: u64) -> bool {
        self.0.find_entry(hash(key), |element| element.key() == key).is_ok_and(|entry| {
            entry.remove();
            true
        })
    }

    fn memory_bytes(&self) -> Option<usize> {
        Some(size_of::<Self>() + self.0.allocation_size())
    }
}

struct StdMap(HashMap<u64, ()>);

impl Subject for StdMap {
    fn new() -> Self {
        StdMap(HashMap::new())
    }

    fn insert(&mut self, key: u64) {
        self.0.entry(key).or_default();
    }

    fn contains(&self, key: u64) -> bool {
        self.0.contains_key(&key)
    }

    fn remove(&mut self, key: u64) -> bool {
        self.0.remove(&key).is_some()
    }

    fn memory_bytes(&self) -> Option<usize> {
        None
    }
}
