//! Who waited where: counters by call site, touched only by threads that had to wait anyway.
//!
//! A site is found by the address of its [`Location`] in a fixed number of lists that only grow: finding takes no
//! lock, so a wait never leads to another one. There are as many sites as the program has lines that lock, so
//! nothing is ever removed.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A mutex.
    Mutex,
    /// The shared side of a read-write lock.
    Read,
    /// The exclusive side of a read-write lock.
    Write,
}

/// How long one line of the program has waited for locks of one kind, since the program began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteReport {
    /// The source file, as the compiler was given it.
    pub file: &'static str,
    /// The line in it, from 1.
    pub line: u32,
    /// What that line waited for.
    pub kind: Kind,
    /// How often it had to wait.
    pub waits: u64,
    /// How long in all, in nanoseconds.
    pub waited_ns: u64,
    /// The longest wait, in nanoseconds.
    pub waited_max_ns: u64,
}

/// The waiting of all lines together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How often a thread had to wait.
    pub waits: u64,
    /// How long in all, in nanoseconds.
    pub waited_ns: u64,
    /// The longest wait, in nanoseconds.
    pub waited_max_ns: u64,
}

/// All lines that ever waited, those first that waited longest in all. Waits that are not over are not in it.
pub fn contention() -> Vec<SiteReport> {
    // One line has several locations where the compiler made several copies of its function.
    let mut lines: HashMap<(&str, u32, Kind), Totals> = HashMap::new();
    for site in sites() {
        lines.entry((site.location.file(), site.location.line(), site.kind)).or_default().add(site.totals());
    }
    let mut reports: Vec<_> = lines
        .into_iter()
        .map(|((file, line, kind), Totals { waits, waited_ns, waited_max_ns })| SiteReport {
            file,
            line,
            kind,
            waits,
            waited_ns,
            waited_max_ns,
        })
        .collect();
    reports.sort_unstable_by_key(|site| (std::cmp::Reverse(site.waited_ns), site.file, site.line, site.kind));
    reports
}

/// The waiting of all lines together. Waits that are not over are not in it.
pub fn totals() -> Totals {
    sites().fold(Totals::default(), |mut sum, site| {
        sum.add(site.totals());
        sum
    })
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.waits += other.waits;
        self.waited_ns += other.waited_ns;
        self.waited_max_ns = self.waited_max_ns.max(other.waited_max_ns);
    }
}

/// Calls `wait`, and adds the time it takes to the counters of `location`.
pub(crate) fn measure<R>(location: &'static Location<'static>, kind: Kind, wait: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = wait();
    let waited_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    site(location, kind).add(waited_ns);
    // A thread that is ending may still lock something; nobody asks it any more.
    let _ = RECENT.try_with(|recent| {
        let mut recent = recent.borrow_mut();
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back((start, waited_ns));
    });
    result
}

/// The last waits of a thread that are kept.
const RECENT_MAX: usize = 64;

thread_local! {
    static RECENT: RefCell<VecDeque<(Instant, u64)>> = const { RefCell::new(VecDeque::new()) };
}

/// How long this thread has waited for locks since `start`, in nanoseconds; of more than 64 waits, the last ones.
pub fn waited_since(start: Instant) -> u64 {
    let waits_since = |recent: &mut VecDeque<(Instant, u64)>| {
        recent.iter().filter(|(began, _)| *began >= start).map(|(_, waited_ns)| waited_ns).sum()
    };
    RECENT.with_borrow_mut(waits_since)
}

struct Site {
    location: &'static Location<'static>,
    kind: Kind,
    waits: AtomicU64,
    waited_ns: AtomicU64,
    waited_max_ns: AtomicU64,
    next: List,
}

/// A list that only grows, at its end.
type List = OnceLock<Box<Site>>;

const LISTS: usize = 256;

static SITES: [List; LISTS] = [const { List::new() }; LISTS];

impl Site {
    fn new(location: &'static Location<'static>, kind: Kind) -> Self {
        let zero = || AtomicU64::new(0);
        Self { location, kind, waits: zero(), waited_ns: zero(), waited_max_ns: zero(), next: List::new() }
    }

    fn add(&self, waited_ns: u64) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        self.waited_ns.fetch_add(waited_ns, Ordering::Relaxed);
        self.waited_max_ns.fetch_max(waited_ns, Ordering::Relaxed);
    }

    fn totals(&self) -> Totals {
        Totals {
            waits: self.waits.load(Ordering::Relaxed),
            waited_ns: self.waited_ns.load(Ordering::Relaxed),
            waited_max_ns: self.waited_max_ns.load(Ordering::Relaxed),
        }
    }
}

/// The counters of one call site, which begin with its first wait.
fn site(location: &'static Location<'static>, kind: Kind) -> &'static Site {
    let address = std::ptr::from_ref(location).addr();
    let mut list = &SITES[address / align_of::<Location>() % LISTS];
    loop {
        // Two threads may get here at once: one of them appends its site, the other goes on to that one.
        let site = list.get_or_init(|| Box::new(Site::new(location, kind)));
        if std::ptr::eq(site.location, location) && site.kind == kind {
            return site;
        }
        list = &site.next;
    }
}

fn sites() -> impl Iterator<Item = &'static Site> {
    SITES.iter().flat_map(|list| std::iter::successors(list.get(), |site| site.next.get())).map(Box::as_ref)
}
