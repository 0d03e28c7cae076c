//! What the server counts.
//!
//! Each worker thread has counters of its own, which nobody else writes, so counting costs a plain addition and
//! no traffic between cores; whoever asks adds them up.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use base::counter::Sharded;
use keyspace::{News, Tally};

thread_local! {
    /// Which of the workers' counters this thread writes; the last ones are for all threads that are no workers.
    static WORKER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Makes the calling thread the worker of this number.
pub(crate) fn become_worker(index: usize) {
    WORKER.set(index);
}

/// The number of the worker that the calling thread is; none has it where it is no worker.
#[inline]
pub(crate) fn worker() -> usize {
    WORKER.get()
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a reply.
    Done,
    /// With an error reply, after it had begun.
    Failed,
}

/// Durations are counted by their power of two in nanoseconds.
pub const DURATION_BUCKETS: usize = 40;

/// What is known of one command.
#[derive(Clone, Debug)]
pub struct CommandReport {
    /// Calls that ran.
    pub calls: u64,
    /// Time that they took, in nanoseconds.
    pub time_ns: u64,
    /// Calls that replied with an error.
    pub failed: u64,
    /// Calls whose duration was at least 2^i and less than 2^(i+1) nanoseconds.
    pub durations: [u64; DURATION_BUCKETS],
}

struct CommandCounters {
    calls: AtomicU64,
    time_ns: AtomicU64,
    failed: AtomicU64,
    durations: [AtomicU64; DURATION_BUCKETS],
}

struct WorkerCounters {
    commands: Vec<CommandCounters>,
    hits: AtomicU64,
    misses: AtomicU64,
    expired: AtomicU64,
    expired_elements: AtomicU64,
    evicted: AtomicU64,
    changes: AtomicU64,
    input_bytes: AtomicU64,
    output_bytes: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
}

/// Adds without a locked instruction: each counter has one writer.
#[inline]
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

/// The server's counters.
pub struct Statistics {
    workers: Vec<WorkerCounters>,
    /// Connections taken in.
    pub connections: Sharded,
    /// Connections refused for `maxclients`.
    pub rejected_connections: Sharded,
    /// Clients that wait in a blocking command.
    pub blocked_clients: Sharded,
    /// Clients closed because their replies piled up.
    pub output_limit_disconnections: Sharded,
    /// Clients closed because their requests piled up.
    pub query_limit_disconnections: Sharded,
    /// What was denied, by its kind.
    pub denials: [Sharded; acl::Kind::ALL.len()],
    /// Clients closed because all together took too much memory.
    pub evicted_clients: Sharded,
    /// Microseconds spent on active expiry.
    pub expiry_us: Sharded,
    /// How often active expiry left work for its next turn, for lack of time.
    pub expiry_cut_short: Sharded,
    /// Replicas that were sent everything.
    pub full_syncs: Sharded,
    /// Replicas that could go on where they were.
    pub partial_syncs: Sharded,
    /// Replicas that wanted to, and could not.
    pub partial_syncs_refused: Sharded,
    errors: sync::Mutex<std::collections::BTreeMap<String, u64>>,
    rejected_calls: sync::Mutex<std::collections::HashMap<usize, u64>>,
}

/// Sums over all workers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Commands executed.
    pub commands: u64,
    /// Look-ups that found a key.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Keys removed because their time had come.
    pub expired: u64,
    /// Elements of values removed because their time had come.
    pub expired_elements: u64,
    /// Keys removed to make room in memory.
    pub evicted: u64,
    /// Changes to the keyspace.
    pub changes: u64,
    /// Bytes read from clients.
    pub input_bytes: u64,
    /// Bytes sent to clients.
    pub output_bytes: u64,
    /// Reads from sockets that brought something.
    pub reads: u64,
    /// Writes to sockets that took something.
    pub writes: u64,
}

impl Statistics {
    /// Counters for so many workers and so many commands.
    pub fn new(workers: usize, commands: usize) -> Statistics {
        let command = || CommandCounters {
            calls: AtomicU64::new(0),
            time_ns: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; DURATION_BUCKETS],
        };
        let worker = || WorkerCounters {
            commands: (0..commands).map(|_| command()).collect(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            expired_elements: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            input_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        };
        Statistics {
            workers: (0..=workers).map(|_| worker()).collect(),
            connections: Sharded::default(),
            rejected_connections: Sharded::default(),
            blocked_clients: Sharded::default(),
            output_limit_disconnections: Sharded::default(),
            query_limit_disconnections: Sharded::default(),
            denials: Default::default(),
            evicted_clients: Sharded::default(),
            expiry_us: Sharded::default(),
            expiry_cut_short: Sharded::default(),
            full_syncs: Sharded::default(),
            partial_syncs: Sharded::default(),
            partial_syncs_refused: Sharded::default(),
            errors: sync::Mutex::default(),
            rejected_calls: sync::Mutex::default(),
        }
    }

    #[inline]
    fn mine(&self) -> &WorkerCounters {
        &self.workers[worker().min(self.workers.len() - 1)]
    }

    /// Counts a call of the command with this number.
    #[inline]
    pub(crate) fn count_call(&self, command: usize, elapsed_ns: u64, outcome: Outcome) {
        let counters = &self.mine().commands[command];
        add(&counters.calls, 1);
        add(&counters.time_ns, elapsed_ns);
        add(&counters.durations[(elapsed_ns.max(1).ilog2() as usize).min(DURATION_BUCKETS - 1)], 1);
        if outcome == Outcome::Failed {
            add(&counters.failed, 1);
        }
    }

    /// Says that a call that was counted, of the command with this number, has failed after all.
    pub(crate) fn count_late_failure(&self, command: usize) {
        add(&self.mine().commands[command].failed, 1);
    }

    /// Counts what came of a command.
    #[inline]
    pub(crate) fn count(&self, tally: &Tally) {
        let counters = self.mine();
        for (counter, amount) in [
            (&counters.hits, tally.hits),
            (&counters.misses, tally.misses),
            (&counters.changes, tally.changes),
        ] {
            if amount > 0 {
                add(counter, amount);
            }
        }
        if let Some(news) = tally.news.as_deref() {
            self.count_news(news);
        }
    }

    #[cold]
    fn count_news(&self, news: &News) {
        let counters = self.mine();
        add(&counters.expired, news.expired);
        add(&counters.expired_elements, news.expired_elements);
        add(&counters.evicted, news.evicted);
    }

    /// Counts keys, and elements of values, removed by active expiry.
    pub(crate) fn count_expired(&self, keys: usize, elements: usize) {
        add(&self.mine().expired, keys as u64);
        add(&self.mine().expired_elements, elements as u64);
    }

    /// Counts bytes read and sent.
    #[inline]
    pub(crate) fn count_traffic(&self, input_bytes: usize, output_bytes: usize) {
        let counters = self.mine();
        if input_bytes > 0 {
            add(&counters.input_bytes, input_bytes as u64);
            add(&counters.reads, 1);
        }
        if output_bytes > 0 {
            add(&counters.output_bytes, output_bytes as u64);
            add(&counters.writes, 1);
        }
    }

    /// Counts an error reply by its first word.
    pub(crate) fn count_error(&self, text: &str) {
        /// More kinds than this come from nowhere but a client that makes them up.
        const KINDS_MAX: usize = 128;
        let code = text.split(' ').next().unwrap_or_default();
        let mut errors = self.errors.lock();
        if let Some(count) = errors.get_mut(code) {
            *count += 1;
        } else if errors.len() < KINDS_MAX {
            errors.insert(code.to_owned(), 1);
        }
    }

    /// Counts a call that was refused before it ran.
    pub(crate) fn count_rejected(&self, command: usize) {
        *self.rejected_calls.lock().entry(command).or_default() += 1;
    }

    /// Error replies by their first word.
    pub fn errors(&self) -> Vec<(String, u64)> {
        self.errors.lock().iter().map(|(code, count)| (code.clone(), *count)).collect()
    }

    /// Calls of the command with this number that were refused before they ran.
    pub fn rejected(&self, command: usize) -> u64 {
        self.rejected_calls.lock().get(&command).copied().unwrap_or(0)
    }

    /// Everything, over all workers.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for worker in &self.workers {
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            totals.commands += worker.commands.iter().map(|command| get(&command.calls)).sum::<u64>();
            totals.hits += get(&worker.hits);
            totals.misses += get(&worker.misses);
            totals.expired += get(&worker.expired);
            totals.expired_elements += get(&worker.expired_elements);
            totals.evicted += get(&worker.evicted);
            totals.changes += get(&worker.changes);
            totals.input_bytes += get(&worker.input_bytes);
            totals.output_bytes += get(&worker.output_bytes);
            totals.reads += get(&worker.reads);
            totals.writes += get(&worker.writes);
        }
        totals
    }

    /// The command with this number, over all workers.
    pub fn command(&self, command: usize) -> CommandReport {
        let mut report = CommandReport { calls: 0, time_ns: 0, failed: 0, durations: [0; DURATION_BUCKETS] };
        for counters in self.workers.iter().filter_map(|worker| worker.commands.get(command)) {
            report.calls += counters.calls.load(Ordering::Relaxed);
            report.time_ns += counters.time_ns.load(Ordering::Relaxed);
            report.failed += counters.failed.load(Ordering::Relaxed);
            for (total, count) in report.durations.iter_mut().zip(&counters.durations) {
                *total += count.load(Ordering::Relaxed);
            }
        }
        report
    }

    /// `CONFIG RESETSTAT`: everything but what is a state rather than a count. Each worker's counters are set by
    /// a thread that is not the worker, so a count in flight may survive.
    pub fn reset(&self) {
        for worker in &self.workers {
            let keys =
                [&worker.hits, &worker.misses, &worker.expired, &worker.expired_elements, &worker.evicted];
            let traffic = [&worker.input_bytes, &worker.output_bytes, &worker.reads, &worker.writes];
            for counter in keys.into_iter().chain(traffic) {
                counter.store(0, Ordering::Relaxed);
            }
        }
        for counter in [
            &self.connections,
            &self.rejected_connections,
            &self.output_limit_disconnections,
            &self.query_limit_disconnections,
            &self.evicted_clients,
            &self.expiry_us,
            &self.expiry_cut_short,
            &self.full_syncs,
            &self.partial_syncs,
            &self.partial_syncs_refused,
        ] {
            counter.add(-counter.sum());
        }
        self.denials.iter().for_each(|counter| counter.add(-counter.sum()));
        self.errors.lock().clear();
        self.rejected_calls.lock().clear();
        self.reset_commands(None);
    }

    /// Forgets the calls of one command, or of all.
    pub fn reset_commands(&self, only: Option<usize>) {
        for worker in &self.workers {
            let commands = worker.commands.iter().enumerate();
            for (_, counters) in commands.filter(|(index, _)| only.is_none_or(|only| only == *index)) {
                let durations = counters.durations.iter();
                for counter in durations.chain([&counters.calls, &counters.time_ns, &counters.failed]) {
                    counter.store(0, Ordering::Relaxed);
                }
            }
        }
    }
}
