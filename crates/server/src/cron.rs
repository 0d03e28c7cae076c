//! What the server does by itself, several times a second: removing what has expired, closing who has been idle
//! for too long, saving by rule, and noting how fast things go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keyspace::Sweep;

use crate::client::{Client, ClientFlag};
use crate::clock::unix_ms;
use crate::server::Server;

/// Active expiry gives other tasks their turn after this long.
const SLICE: Duration = Duration::from_micros(500);

/// How often rates are sampled.
const SAMPLE: Duration = Duration::from_millis(100);

/// Rates are means over this many samples.
const SAMPLES: usize = 16;

/// How fast some counters grow, a second.
#[derive(Default)]
pub struct Rates {
    /// Commands.
    pub commands: AtomicU64,
    /// Bytes read.
    pub input_bytes: AtomicU64,
    /// Bytes sent.
    pub output_bytes: AtomicU64,
}

/// Starts all of it. It goes on until the tasks are aborted.
pub(crate) fn start(server: &Arc<Server>) -> tokio::task::JoinSet<()> {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(expire(Arc::clone(server)));
    tasks.spawn(sample(Arc::clone(server)));
    tasks.spawn(close_idle(Arc::clone(server)));
    tasks.spawn(crate::replication::start(Arc::clone(server)));
    tasks.spawn(tend_replicas(Arc::clone(server)));
    tasks.spawn(crate::saving::by_rule(Arc::clone(server)));
    tasks.spawn(renew_store(Arc::clone(server)));
    tasks.spawn(tend_append_only(Arc::clone(server)));
    tasks.spawn(crate::append_only::sync_by_turns(Arc::clone(server)));
    tasks.spawn(crate::eviction::go_on(Arc::clone(server)));
    tasks
}

fn is_on(server: &Server) -> bool {
    server.cron.load(Ordering::Relaxed)
}

/// Removes what has expired. At most a quarter of a worker's time is spent on it, more with
/// `active-expire-effort`.
async fn expire(server: Arc<Server>) {
    let mut sweep = Sweep::default();
    loop {
        let settings = server.settings();
        let period = Duration::from_secs(1) / settings.process.hz.max(1);
        let share_percent = 25 + 2 * settings.memory.active_expire_effort.saturating_sub(1);
        tokio::time::sleep(period).await;
        if !server.active_expire.load(Ordering::Relaxed) || !is_on(&server) || server.is_paused() {
            continue;
        }
        if server.replication.is_replica() {
            server.expire_own_keys(unix_ms());
            continue;
        }
        let begin = Instant::now();
        let (mut has_more, mut worked) = (true, Duration::ZERO);
        while has_more && begin.elapsed() * 100 < period * share_percent {
            let slice = Instant::now();
            has_more = expire_slice(&server, &mut sweep);
            worked += slice.elapsed();
            tokio::task::yield_now().await;
        }
        server.note_cycle("expire-cycle", worked);
        if has_more {
            server.statistics.expiry_cut_short.add(1);
        }
    }
}

/// Removes what has expired for one slice of time, and says whether there may be more.
fn expire_slice(server: &Server, sweep: &mut Sweep) -> bool {
    let begin = Instant::now();
    let mut has_more = true;
    while has_more && begin.elapsed() < SLICE {
        let now_ms = unix_ms();
        let expired = server.keyspace.expire_some(sweep, now_ms);
        has_more = expired.is_some();
        if let Some(expired) = expired {
            server.statistics.count_expired(expired.keys, expired.elements);
            server.tell_news(expired.news.as_deref(), None);
            server.serve_waiting(expired.ready, now_ms);
        }
    }
    server.statistics.expiry_us.add(begin.elapsed().as_micros() as i64);
    has_more
}

async fn sample(server: Arc<Server>) {
    let mut ring = [(0, 0, 0); SAMPLES];
    let mut at = 0;
    let mut last = server.statistics.totals();
    loop {
        let begin = Instant::now();
        tokio::time::sleep(SAMPLE).await;
        server.memory_peak((server.allocator.figures)().used_bytes);
        server.look_again();
        server.fit_cache();
        server.forget_excess_reads();
        let now = server.statistics.totals();
        let per_second = |now: u64, last: u64| {
            (now.saturating_sub(last) as f64 / begin.elapsed().as_secs_f64().max(0.001)) as u64
        };
        ring[at] = (
            per_second(now.commands, last.commands),
            per_second(now.input_bytes, last.input_bytes),
            per_second(now.output_bytes, last.output_bytes),
        );
        at = (at + 1) % SAMPLES;
        last = now;
        let mean = |pick: fn(&(u64, u64, u64)) -> u64| ring.iter().map(pick).sum::<u64>() / SAMPLES as u64;
        server.rates.commands.store(mean(|sample| sample.0), Ordering::Relaxed);
        server.rates.input_bytes.store(mean(|sample| sample.1), Ordering::Relaxed);
        server.rates.output_bytes.store(mean(|sample| sample.2), Ordering::Relaxed);
    }
}

/// What a client is or does that is never taken for idle.
const NEVER_IDLE: [ClientFlag; 5] = [
    ClientFlag::Blocked,
    ClientFlag::Subscribed,
    ClientFlag::Monitor,
    ClientFlag::Primary,
    ClientFlag::Replica,
];

/// Closes clients that have been idle for longer than `timeout`. Those that wait in a blocking command, listen to
/// channels or watch the commands are not idle. Has the connections of those who do not read look at their limits. Closes
/// what MIGRATE has kept for long.
async fn close_idle(server: Arc<Server>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.migrations.close_old();
        let timeout_ms = u64::from(server.settings().network.timeout_s) * 1000;
        if !is_on(&server) {
            continue;
        }
        let clients = server.clients.all();
        // Whoever does not read for long enough is over the soft limit on replies, and nothing else tells its connection.
        let does_not_read = |client: &&Arc<Client>| client.output_bytes.load(Ordering::Relaxed) > 0;
        clients.iter().filter(does_not_read).for_each(|client| client.wake());
        if timeout_ms == 0 {
            continue;
        }
        let now_ms = unix_ms();
        for client in clients {
            let is_busy = NEVER_IDLE.into_iter().any(|flag| client.has(flag));
            let idle_ms = now_ms.saturating_sub(client.last_active_ms.load(Ordering::Relaxed));
            if !is_busy && idle_ms > timeout_ms {
                tracing::debug!(client = %client.address, "Closing idle client");
                client.kill();
            }
        }
    }
}

/// Opens what is stored again after the disk has failed, as soon as it works.
async fn renew_store(server: Arc<Server>) {
    let Some(store) = server.keyspace.store() else { return };
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if store.wants_renewal() {
            crate::hand_over(&mut || {
                // What goes wrong is in the log, and told to whoever asks for what is stored.
                if server.keyspace.renew(&**store).is_ok()
                    && let Err(error) = server.load_libraries()
                {
                    tracing::error!("{error}");
                }
                server.call_primary_again();
            });
        }
    }
}

/// Sees to replicas once a second.
async fn tend_replicas(server: Arc<Server>) {
    for ticks in 1.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.tend_replicas(ticks);
    }
}

/// Sees to the append-only file.
async fn tend_append_only(server: Arc<Server>) {
    loop {
        tokio::time::sleep(SAMPLE).await;
        crate::append_only::tend(&server);
    }
}
