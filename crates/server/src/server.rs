//! The server: what all sessions share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use commands::{Command, Flag};
use config::table::memory::MaxmemoryPolicy;
use config::{Config, LoadError, RenamedCommand, Settings};
use keyspace::engine::{Engine, Store};
use keyspace::{Garbage, Keyspace, Taker};
use resp::Arguments;
use values::access::Counting;
use values::limits::Limits;

use crate::allocator::Allocator;
use crate::append_only::Appending;
use crate::attention::{Attention, Concern};
use crate::blocking::Blocked;
use crate::client::Client;
use crate::clients::Clients;
use crate::clients_memory::ClientsLimit;
use crate::cron::Rates;
use crate::encryption::Encryption;
use crate::eviction::Evictions;
use crate::latency::Latency;
use crate::listening::Listening;
use crate::loading::Loading;
use crate::logs::Logs;
use crate::migration::Kept;
use crate::monitors::Monitors;
use crate::pause::Pause;
use crate::pubsub::PubSub;
use crate::replication::Replication;
use crate::saving::Saves;
use crate::scripting::Scripting;
use crate::slowlog::{SlowCall, Slowlog};
use crate::statistics::Statistics;
use crate::table::{Entry, Table};
use crate::tracking::Trackers;
use crate::watchdog::Watchdog;

/// What all sessions share.
pub struct Server {
    /// All keys.
    pub keyspace: Keyspace,
    /// The command table.
    pub table: Table,
    /// What is counted.
    pub statistics: Statistics,
    /// Knows which worker is executing a batch.
    pub(crate) watchdog: Watchdog,
    /// How fast some of that grows.
    pub rates: Rates,
    /// Where clients come in.
    pub(crate) listening: Listening,
    /// What encrypted connections begin with.
    pub encryption: Encryption,
    /// Everyone who is connected.
    pub clients: Clients,
    /// Who there is, and what each may do.
    pub users: acl::Users,
    /// What was denied of late.
    pub denials: acl::Log,
    /// What they may take together.
    pub(crate) clients_limit: ClientsLimit,
    /// Who listens to which channel.
    pub pubsub: PubSub,
    /// Who is to be told of which key.
    pub trackers: Trackers,
    /// Who waits for which key.
    pub blocked: Blocked,
    /// The append-only file.
    pub append_only: Appending,
    /// What requests have to look at before they run.
    pub attention: Attention,
    /// What goes to make room in memory.
    pub(crate) evictions: Evictions,
    /// Whether clients wait for the end of a pause.
    pub pause: Pause,
    /// What MIGRATE has kept.
    pub(crate) migrations: Kept,
    /// Scripts and functions.
    pub scripting: Scripting,
    /// Who sees every command.
    pub monitors: Monitors,
    /// The commands that took long.
    pub slowlog: Slowlog,
    /// What took long, by what it was.
    pub latency: Latency,
    /// Whether what has expired is removed in the background; only `DEBUG` says no.
    pub active_expire: AtomicBool,
    /// Whether the server does its periodic work; only `DEBUG` says no.
    pub cron: AtomicBool,
    /// Forty hexadecimal digits, different for each start.
    pub run_id: String,
    /// Who takes what is done.
    pub(crate) logs: Arc<Logs>,
    /// Whom it follows, and who follows it.
    pub(crate) replication: Replication,
    /// Unix milliseconds.
    pub started_ms: u64,
    /// The configuration, of which `settings` is the part that is read on every request.
    pub config: sync::Mutex<Config>,
    settings: ArcSwap<Settings>,
    limits: ArcSwap<Limits>,
    counting: PackedCounting,
    latency_threshold_ns: AtomicU64,
    /// Changes when `settings` do.
    generation: AtomicU64,
    /// What is being saved, and what came of it.
    pub(crate) saves: Saves,
    /// What is being loaded.
    pub(crate) loading: Loading,
    /// What knows how much memory is used.
    pub(crate) allocator: Allocator,
    memory_at_start: u64,
    memory_peak: AtomicU64,
    pub(crate) stop: tokio::sync::watch::Sender<bool>,
}

fn limits(settings: &Settings) -> Limits {
    let encodings = &settings.encodings;
    Limits {
        hash_packed_entries_max: encodings.hash_packed_entries_max,
        hash_packed_value_bytes_max: encodings.hash_packed_value_bytes_max,
        list_packed_size_max: i64::from(encodings.list_packed_size),
        set_integers_max: encodings.set_intset_entries_max,
        set_packed_entries_max: encodings.set_packed_entries_max,
        set_packed_value_bytes_max: encodings.set_packed_value_bytes_max,
        zset_packed_entries_max: encodings.zset_packed_entries_max,
        zset_packed_value_bytes_max: encodings.zset_packed_value_bytes_max,
        stream_block_bytes_max: encodings.stream_node_bytes_max,
        stream_block_entries_max: usize::try_from(encodings.stream_node_entries_max).unwrap_or(usize::MAX),
        hyperloglog_sparse_bytes_max: encodings.hll_sparse_bytes_max,
        string_bytes_max: settings.clients.bulk_bytes_max,
    }
}

pub(crate) fn counting(settings: &Settings) -> Option<Counting> {
    let memory = &settings.memory;
    matches!(memory.maxmemory_policy, MaxmemoryPolicy::VolatileLfu | MaxmemoryPolicy::AllkeysLfu).then_some(
        Counting { log_factor: memory.lfu_log_factor, decay_minutes: memory.lfu_decay_time_minutes },
    )
}

/// How uses are counted, in one word that every command reads; zero is not at all.
struct PackedCounting(AtomicU64);

impl PackedCounting {
    const IS_COUNTED: u64 = 1 << 63;

    fn pack(counting: Option<Counting>) -> u64 {
        // Neither number has more than 31 bits.
        counting.map_or(0, |counting| {
            Self::IS_COUNTED | u64::from(counting.log_factor) << 32 | u64::from(counting.decay_minutes)
        })
    }

    fn new(counting: Option<Counting>) -> PackedCounting {
        PackedCounting(AtomicU64::new(Self::pack(counting)))
    }

    fn set(&self, counting: Option<Counting>) {
        self.0.store(Self::pack(counting), Ordering::Relaxed);
    }

    #[inline]
    fn now(&self) -> Option<Counting> {
        let word = self.0.load(Ordering::Relaxed);
        (word & Self::IS_COUNTED != 0).then_some(Counting {
            log_factor: (word >> 32) as u32 & i32::MAX as u32,
            decay_minutes: word as u32,
        })
    }
}

/// No duration, when nothing is to be noted.
fn latency_threshold_ns(settings: &Settings) -> u64 {
    match settings.observability.latency_monitor_threshold_ms {
        0 => u64::MAX,
        threshold_ms => threshold_ms.saturating_mul(1_000_000),
    }
}

/// Forty hexadecimal digits.
fn random_id() -> String {
    let mut random = base::random::Random::from_system();
    (0..40).map(|_| char::from(b"0123456789abcdef"[random.below(16) as usize])).collect()
}

impl Server {
    /// A server with this configuration, whose databases are served by `engines` and stored in `store`, and the
    /// garbage of its keyspace, which somebody must drop. Renaming a command that does not exist is an error.
    pub fn new(
        config: Config,
        renames: &[RenamedCommand],
        engines: Vec<Arc<dyn Engine>>,
        store: Option<Arc<dyn Store>>,
    ) -> Result<(Server, Receiver<Garbage>), LoadError> {
        let started_ms = crate::clock::unix_ms();
        let settings = Arc::clone(config.settings());
        let (keyspace, garbage) = Keyspace::new(engines, store);
        let events = settings.observability.notify_keyspace_events;
        keyspace.want_events(crate::notifications::wanted(events));
        let table = Table::new(renames)?;
        let observability = &settings.observability;
        let users = acl::Users::new(table.catalogue());
        users.require_password(settings.security.requirepass.as_ref().map(|secret| secret.reveal()));
        let attention = Attention::default();
        attention.set(Concern::Memory, settings.memory.maxmemory_bytes > 0);
        let clients_limit = ClientsLimit::default();
        attention.set(Concern::ClientsMemory, clients_limit.configure(&settings));
        let append_only = Appending::new(&settings, &keyspace);
        let replication = Replication::new(&settings);
        let server = Server {
            statistics: Statistics::new(settings.process.io_threads, table.entries().len()),
            watchdog: Watchdog::new(settings.process.io_threads),
            table,
            rates: Rates::default(),
            listening: Listening::default(),
            encryption: Encryption::new(settings.process.io_threads),
            clients: Clients::default(),
            users,
            denials: acl::Log::default(),
            clients_limit,
            pubsub: PubSub::default(),
            trackers: Trackers::default(),
            blocked: Blocked::default(),
            logs: Arc::new(Logs::new(Arc::clone(&append_only.files.stream), Arc::clone(&replication.feed))),
            append_only,
            keyspace,
            attention,
            evictions: Evictions::new(&settings),
            pause: Pause::default(),
            migrations: Kept::default(),
            scripting: Scripting::default(),
            monitors: Monitors::default(),
            slowlog: Slowlog::new(
                observability.slowlog_log_slower_than_us,
                observability.slowlog_entries_max,
            ),
            latency: Latency::default(),
            latency_threshold_ns: AtomicU64::new(latency_threshold_ns(&settings)),
            active_expire: AtomicBool::new(true),
            cron: AtomicBool::new(true),
            run_id: random_id(),
            replication,
            saves: Saves::new(started_ms),
            loading: Loading::default(),
            started_ms,
            limits: ArcSwap::from_pointee(limits(&settings)),
            counting: PackedCounting::new(counting(&settings)),
            settings: ArcSwap::new(settings),
            config: sync::Mutex::new(config),
            generation: AtomicU64::new(0),
            allocator: Allocator::default(),
            memory_at_start: 0,
            memory_peak: AtomicU64::new(0),
            stop: tokio::sync::watch::Sender::new(false),
        };
        server.keyspace.log_to(Arc::clone(&server.logs) as Arc<dyn keyspace::Log>);
        if let Some(store) = server.keyspace.store() {
            server.replication.feed.keep_in(store, !server.has_unstored_databases());
        }
        Ok((server, garbage))
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Up to which sizes collections are packed.
    #[inline]
    pub(crate) fn limits(&self) -> Limits {
        **self.limits.load()
    }

    /// How uses of keys are counted, where `maxmemory-policy` chooses by them.
    #[inline]
    pub(crate) fn counting(&self) -> Option<Counting> {
        self.counting.now()
    }

    /// From which duration on a command is a latency spike, in nanoseconds.
    #[inline]
    pub(crate) fn latency_threshold_ns(&self) -> u64 {
        self.latency_threshold_ns.load(Ordering::Relaxed)
    }

    /// Notes a command that has taken long, where it has.
    #[inline]
    pub(crate) fn note_time(&self, client: &Client, entry: &Entry, arguments: Arguments<'_>, took_ns: u64) {
        if took_ns >= self.slowlog.threshold_ns() && !entry.command.has(Flag::SkipSlowlog) {
            self.note_slow(client, entry, arguments, took_ns);
        }
        if took_ns >= self.latency_threshold_ns() {
            self.note_spike(entry.command, took_ns);
        }
    }

    /// Notes a command that was a latency spike.
    #[cold]
    pub(crate) fn note_spike(&self, command: &Command, elapsed_ns: u64) {
        let name = if command.has(Flag::Fast) { "fast-command" } else { "command" };
        self.latency.add(name, crate::clock::unix_ms() / 1000, elapsed_ns / 1_000_000);
    }

    /// Notes what was a latency spike, if it was, of what the server does by itself.
    pub(crate) fn note_cycle(&self, name: &'static str, took: std::time::Duration) {
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if took_ns >= self.latency_threshold_ns() {
            self.latency.add(name, crate::clock::unix_ms() / 1000, took_ns / 1_000_000);
        }
    }

    /// See [`Logs::give`].
    pub(crate) fn give_effects(&self, taker: Taker, is_wanted: bool) {
        self.logs.give(&self.keyspace, taker, is_wanted);
    }

    /// What the server knows of the world where it works for itself.
    pub(crate) fn context_of_its_own(&self) -> keyspace::Context {
        keyspace::Context {
            database: 0,
            now_ms: crate::clock::unix_ms(),
            is_copy: false,
            limits: self.limits(),
            seed: 0,
            touch: false,
            counting: None,
            has_old_payloads: self.has_old_payloads(),
        }
    }

    /// Whether payloads are for a Redis 7.0.
    pub(crate) fn has_old_payloads(&self) -> bool {
        crate::saving::file::version(&self.settings()) == rdb::Version::V10
    }

    /// Changes whenever the settings do.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Takes over changed settings.
    pub fn publish(&self, settings: Arc<Settings>) {
        let observability = &settings.observability;
        self.slowlog.configure(observability.slowlog_log_slower_than_us, observability.slowlog_entries_max);
        self.latency_threshold_ns.store(latency_threshold_ns(&settings), Ordering::Relaxed);
        self.limits.store(Arc::new(limits(&settings)));
        self.counting.set(counting(&settings));
        if settings.memory.jemalloc_bg_thread != self.settings().memory.jemalloc_bg_thread {
            (self.allocator.purge_in_background)(settings.memory.jemalloc_bg_thread);
        }
        if let Some(store) = self.keyspace.store() {
            store.configure(crate::store::settings(&settings));
        }
        self.append_only.configure(&settings);
        self.settings.store(Arc::clone(&settings));
        self.refresh_wanted_events();
        self.forget_excess_reads();
        self.limit_memory(&settings);
        self.limit_clients(&settings);
        self.replication.configure(&settings);
        self.refresh_concern_of_replication();
        self.refuse_what_cannot_be_saved();
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The same server, which asks `allocator` for the memory that is used.
    pub fn with_allocator(self, allocator: Allocator) -> Server {
        (allocator.purge_in_background)(self.settings().memory.jemalloc_bg_thread);
        let memory_at_start = (allocator.figures)().used_bytes;
        Server { allocator, memory_at_start, ..self }
    }

    /// Bytes of memory used before the first client came.
    pub(crate) fn memory_at_start(&self) -> u64 {
        self.memory_at_start
    }

    /// The most bytes of memory that were seen to be used, `used_bytes` among them.
    pub(crate) fn memory_peak(&self, used_bytes: u64) -> u64 {
        self.memory_peak.fetch_max(used_bytes, Ordering::Relaxed).max(used_bytes)
    }

    /// Bytes of memory that clients take, beside their connections.
    pub(crate) fn clients_bytes(&self) -> usize {
        self.clients.all().iter().map(|client| client.memory_bytes()).sum()
    }

    /// Bytes of memory used for other things than keys and their values.
    pub(crate) fn overhead_bytes(&self) -> u64 {
        let databases = 0..self.keyspace.databases();
        let keyspace: usize = databases.map(|database| self.keyspace.overhead_bytes(database)).sum();
        self.memory_at_start + (keyspace + self.clients_bytes()) as u64
    }

    /// Reads the certificates and the other files of encrypted connections again, where there are any. What is wrong
    /// is logged, and all stays as it is then.
    pub fn reload_encryption(&self) {
        if !self.encryption.is_configured() {
            return;
        }
        match self.encryption.configure(&self.settings().tls) {
            Ok(()) => tracing::info!("Certificates read again"),
            Err(error) => tracing::warn!("Certificates stay as they are: {error}"),
        }
    }

    /// Has the server stop, cleanly.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Puts a command into the slow log.
    #[cold]
    pub(crate) fn note_slow(
        &self,
        client: &Client,
        entry: &Entry,
        arguments: Arguments<'_>,
        elapsed_ns: u64,
    ) {
        let began = Instant::now().checked_sub(Duration::from_nanos(elapsed_ns));
        let waited_ns = began.map_or(0, sync::waited_since);
        self.slowlog.add(|id| SlowCall {
            id,
            at_s: crate::clock::unix_ms() / 1000,
            took_us: elapsed_ns / 1000,
            words: crate::slowlog::shorten(arguments),
            slots: crate::commands::slots_of(entry.command, arguments),
            waited_us: waited_ns.min(elapsed_ns) / 1000,
            address: client.address.clone(),
            client_name: client.about.lock().name.clone(),
        });
    }
}
