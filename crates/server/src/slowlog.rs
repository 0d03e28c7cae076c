//! SLOWLOG: the commands that took long.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use resp::Arguments;
use sync::Mutex;

use crate::secrets::visible_words;

/// One slow command.
#[derive(Clone, Debug)]
pub struct SlowCall {
    /// Counts up, over resets too.
    pub id: u64,
    /// Unix seconds.
    pub at_s: u64,
    /// In microseconds.
    pub took_us: u64,
    /// Its words, shortened.
    pub words: Vec<Vec<u8>>,
    /// The slots of its keys, ascending.
    pub slots: Vec<u16>,
    /// How much of the time was spent waiting for locks, in microseconds.
    pub waited_us: u64,
    /// The client's address.
    pub address: String,
    /// The client's name.
    pub client_name: Vec<u8>,
}

/// The slow commands, newest first.
pub struct Slowlog {
    calls: Mutex<VecDeque<SlowCall>>,
    next_id: AtomicU64,
    threshold_ns: AtomicU64,
    len_max: AtomicUsize,
}

/// As many words are kept, and as many bytes of each: Redis' `SLOWLOG_ENTRY_MAX_ARGC` and `_STRING`.
const WORDS_MAX: usize = 32;
const WORD_BYTES_MAX: usize = 128;

impl Slowlog {
    /// A log of commands that take at least `threshold_us` microseconds (never, when negative), of which the
    /// newest `len_max` are kept.
    pub fn new(threshold_us: i64, len_max: usize) -> Slowlog {
        let slowlog = Slowlog {
            calls: Mutex::default(),
            next_id: AtomicU64::new(0),
            threshold_ns: AtomicU64::new(0),
            len_max: AtomicUsize::new(0),
        };
        slowlog.configure(threshold_us, len_max);
        slowlog
    }

    /// Changes the limits.
    pub fn configure(&self, threshold_us: i64, len_max: usize) {
        let threshold_ns = u64::try_from(threshold_us).map_or(u64::MAX, |us| us.saturating_mul(1000));
        self.threshold_ns.store(threshold_ns, Ordering::Relaxed);
        self.len_max.store(len_max, Ordering::Relaxed);
        self.calls.lock().truncate(len_max);
    }

    /// From which duration on a command is slow, in nanoseconds.
    #[inline]
    pub fn threshold_ns(&self) -> u64 {
        self.threshold_ns.load(Ordering::Relaxed)
    }

    /// Adds a command, which `describe` describes when it is told its number.
    pub fn add(&self, describe: impl FnOnce(u64) -> SlowCall) {
        let len_max = self.len_max.load(Ordering::Relaxed);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        if len_max == 0 {
            return;
        }
        let call = describe(id);
        let mut calls = self.calls.lock();
        calls.push_front(call);
        calls.truncate(len_max);
    }

    /// The newest `count`.
    pub fn newest(&self, count: usize) -> Vec<SlowCall> {
        self.calls.lock().iter().take(count).cloned().collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.calls.lock().len()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.calls.lock().clear();
    }
}

/// The words of a command, as many and as long as are kept.
pub fn shorten(arguments: Arguments<'_>) -> Vec<Vec<u8>> {
    let kept = if arguments.len() > WORDS_MAX { WORDS_MAX - 1 } else { arguments.len() };
    let mut words: Vec<Vec<u8>> = visible_words(arguments)
        .take(kept)
        .map(|word| match word.len().checked_sub(WORD_BYTES_MAX) {
            Some(more @ 1..) => {
                let mut short = word[..WORD_BYTES_MAX].to_vec();
                short.extend(format!("... ({more} more bytes)").bytes());
                short
            }
            _ => word.to_vec(),
        })
        .collect();
    if arguments.len() > kept {
        words.push(format!("... ({} more arguments)", arguments.len() - kept).into_bytes());
    }
    words
}
