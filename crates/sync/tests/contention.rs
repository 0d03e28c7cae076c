//! Threads that really wait for each other, and what is counted about it.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use sync::{Kind, Mutex, RwLock, SiteReport};

const HELD: Duration = Duration::from_millis(30);

/// What is counted for a line of this file.
fn report(line: u32, kind: Kind) -> Option<SiteReport> {
    sync::contention().into_iter().find(|site| site.file == file!() && site.line == line && site.kind == kind)
}

/// Runs `hold` on one thread and, once it has said that it holds the lock, `wait` on this one.
fn while_held(hold: impl FnOnce(&dyn Fn()) + Send, wait: impl FnOnce()) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            hold(&|| {
                barrier.wait();
                thread::sleep(HELD);
            });
        });
        barrier.wait();
        wait();
    });
}

fn check_one_wait(site: Option<SiteReport>) {
    let site = site.expect("the wait was counted");
    assert_eq!(site.waits, 1);
    assert!(site.waited_ns >= HELD.as_nanos() as u64 / 2, "{site:?}");
    assert_eq!(site.waited_max_ns, site.waited_ns);
}

#[test]
fn a_wait_for_a_mutex_is_counted_for_its_line() {
    let mutex = Mutex::new(1);
    let mut line = 0;
    while_held(
        |held| {
            let mut guard = mutex.lock();
            held();
            *guard += 1;
        },
        || {
            assert!(mutex.try_lock().is_none());
            let (here, guard) = (line!(), mutex.lock());
            assert_eq!(*guard, 2);
            line = here;
        },
    );
    check_one_wait(report(line, Kind::Mutex));
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn a_wait_to_read_is_counted_for_its_line() {
    let lock = RwLock::new(1);
    let mut line = 0;
    while_held(
        |held| {
            let mut guard = lock.write();
            held();
            *guard += 1;
        },
        || {
            assert!(lock.try_read().is_none());
            let (here, guard) = (line!(), lock.read());
            assert_eq!(*guard, 2);
            line = here;
        },
    );
    check_one_wait(report(line, Kind::Read));
    assert_eq!(report(line, Kind::Write), None);
}

#[test]
fn a_wait_to_write_is_counted_for_its_line() {
    let lock = RwLock::new(1);
    let (mut line, mut read_line) = (0, 0);
    while_held(
        |held| {
            let _guard = lock.read();
            held();
        },
        || {
            assert!(lock.try_write().is_none());
            // Readers share: no wait here.
            let (here, guard) = (line!(), lock.read());
            drop(guard);
            read_line = here;
            let (here, mut guard) = (line!(), lock.write());
            *guard += 1;
            line = here;
        },
    );
    check_one_wait(report(line, Kind::Write));
    assert_eq!(report(read_line, Kind::Read), None);
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn nothing_is_counted_for_a_free_lock() {
    let first = line!();
    let mut mutex = Mutex::new(0);
    let mut lock = RwLock::new(0);
    for _ in 0..1_000 {
        *mutex.lock() += 1;
        let value = *lock.read();
        *lock.write() = value;
        assert!(mutex.try_lock().is_some() && lock.try_read().is_some() && lock.try_write().is_some());
    }
    assert_eq!((*mutex.get_mut(), *lock.get_mut()), (1_000, 0));
    let here = first..line!();
    assert!(!sync::contention().iter().any(|site| site.file == file!() && here.contains(&site.line)));
}

/// One line, locked by many threads that all want it at once: every update counts and so does every wait.
#[test]
fn many_threads_on_one_lock() {
    const WAITS: u64 = 100;
    let lock = RwLock::new((0u64, 0u64));
    let update_until_contended = || {
        let mut updates = 0;
        loop {
            let (line, mut pair) = (line!(), lock.write());
            pair.0 += 1;
            // The other threads get to see the lock held.
            thread::yield_now();
            pair.1 += 1;
            updates += 1;
            drop(pair);
            if report(line, Kind::Write).is_some_and(|site| site.waits >= WAITS) {
                return (updates, line);
            }
            let pair = lock.read();
            assert_eq!(pair.0, pair.1, "a reader saw half an update");
        }
    };
    let results: Vec<(u64, u32)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(update_until_contended)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no worker panics")).collect()
    });
    let updates = results.iter().map(|(updates, _)| updates).sum();
    assert_eq!(*lock.read(), (updates, updates));
    let site = report(results[0].1, Kind::Write).expect("they waited");
    assert!((WAITS..=updates).contains(&site.waits), "{site:?} after {updates} updates");
    assert!(site.waited_max_ns <= site.waited_ns && site.waited_max_ns > 0);
}

#[test]
fn the_report_is_sorted_and_sums_up() {
    let mutex = Mutex::new(());
    for _ in 0..2 {
        while_held(
            |held| {
                let _guard = mutex.lock();
                held();
            },
            || drop(mutex.lock()),
        );
    }
    let (before, reports, after) = (sync::totals(), sync::contention(), sync::totals());
    assert!(!reports.is_empty() && reports.is_sorted_by_key(|site| std::cmp::Reverse(site.waited_ns)));
    // Other tests wait at the same time.
    let waits = reports.iter().map(|site| site.waits).sum();
    assert!((before.waits..=after.waits).contains(&waits) && before.waits >= 2);
    let waited_ns = reports.iter().map(|site| site.waited_ns).sum();
    assert!((before.waited_ns..=after.waited_ns).contains(&waited_ns));
    let waited_max_ns = reports.iter().map(|site| site.waited_max_ns).max();
    assert!((before.waited_max_ns..=after.waited_max_ns).contains(&waited_max_ns.expect("not empty")));
}

#[test]
fn locks_in_statics_and_unsized() {
    static COUNT: Mutex<u32> = Mutex::new(0);
    static NAMES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
    *COUNT.lock() += 1;
    NAMES.write().push("a");
    assert_eq!((*COUNT.lock(), NAMES.read().len()), (1, 1));
    let bytes: Box<Mutex<[u8]>> = Box::new(Mutex::new([1, 2, 3]));
    assert_eq!(bytes.lock().iter().sum::<u8>(), 6);
}

/// Waits for the lock when its thread ends.
struct LocksWhenDropped(Arc<Mutex<()>>);

impl Drop for LocksWhenDropped {
    fn drop(&mut self) {
        drop(self.0.lock());
    }
}

thread_local! {
    static LATE: std::cell::RefCell<Option<LocksWhenDropped>> = const { std::cell::RefCell::new(None) };
}

#[test]
fn a_thread_that_is_ending_may_wait() {
    let lock = Arc::new(Mutex::new(()));
    let own = Arc::clone(&lock);
    let (tell, told) = std::sync::mpsc::channel();
    let ending = thread::spawn(move || {
        LATE.set(Some(LocksWhenDropped(Arc::clone(&own))));
        // What is kept of its waits begins after that, and so is gone before it.
        told.recv().expect("the lock is taken");
        drop(own.lock());
        told.recv().expect("the lock is taken again");
    });
    for _ in 0..2 {
        let guard = lock.lock();
        tell.send(()).expect("the thread lives");
        thread::sleep(Duration::from_millis(50));
        drop(guard);
    }
    ending.join().expect("it ends as any other");
}
