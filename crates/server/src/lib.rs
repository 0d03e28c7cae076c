//! Sockets, sessions, the request path, pub/sub, transactions and blocking.
//!
//! The way of a request is [`request`]: it reads as a table of contents. A connection's task owns its session;
//! what sessions share is the [`Server`]. This room reads the clock and the network, and hands time and
//! randomness to whatever lies below it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod ahead;
mod allocator;
mod append_only;
mod attention;
mod blocking;
mod client;
mod clients;
mod clients_memory;
mod clock;
pub mod commands;
mod connection;
mod cron;
mod encryption;
mod eviction;
mod handoff;
mod info;
mod latency;
mod listener;
mod listening;
mod loading;
mod logs;
mod metrics;
mod migration;
mod monitors;
mod notifications;
mod pause;
mod process;
mod pubsub;
mod replication;
mod request;
mod saving;
mod scheduler;
mod scripting;
mod secrets;
mod server;
mod session;
mod slowlog;
mod statistics;
pub mod store;
mod table;
mod tls_stream;
mod tracking;
mod transaction;
mod watchdog;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use crate::allocator::{Allocator, AllocatorFigures};
pub use crate::handoff::hand_over;
pub use crate::listening::ListenError;
pub use crate::loading::{IntoStored, LoadError};
pub use crate::saving::{Shutdown, ShutdownRefused};
pub use crate::server::Server;
pub use crate::statistics::CommandReport;

/// The version of Redis whose behaviour this is: clients look at it to decide what they may use.
pub const REDIS_VERSION: &str = "7.2.4";

/// Why a server does not serve.
#[derive(Debug)]
pub enum StartError {
    /// It cannot listen.
    Listen(ListenError),
    /// It cannot encrypt.
    Encrypt(tls::Error),
    /// What was saved cannot be loaded, or the server not go on from there.
    Load(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Encrypt(error) => write!(f, "Failed to configure TLS: {error}"),
            Self::Load(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StartError {}

impl From<ListenError> for StartError {
    fn from(error: ListenError) -> Self {
        Self::Listen(error)
    }
}

impl From<tls::Error> for StartError {
    fn from(error: tls::Error) -> Self {
        Self::Encrypt(error)
    }
}

/// How long a stopping server waits for its connections to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens the sockets, loads what was saved, and serves clients until [`Server::stop`] is called. `into_stored` says whether
/// databases that are stored take what was saved. `ready` is called once clients are served.
///
/// # Errors
/// When it could not begin to.
pub async fn run(
    server: Arc<Server>,
    into_stored: IntoStored,
    ready: impl FnOnce(),
) -> Result<(), StartError> {
    // A script may have a slot for long, while its worker has other clients to serve.
    keyspace::hand_waits_to(|work| tokio::task::block_in_place(work));
    let settings = server.settings();
    if settings.tls.port != 0 {
        server.encryption.configure(&settings.tls)?;
    }
    let metrics = metrics::open(&settings)?;
    // Clients of a server that has nothing to load need not wait. What they change and save meanwhile is not loaded.
    let loads = settings.persistence.appendonly
        || saving::file::path(&settings).exists()
        || replication::saved::is_kept(&server)
        || server.stored_libraries().map_err(StartError::Load)?.is_some();
    saving::temporary::remove_left(&settings.process.dir);
    if loads {
        server.begin_loading();
    }
    server.listening.open(&server, &settings)?;
    let mut stop = server.stop.subscribe();
    let mut tasks = tokio::task::JoinSet::new();
    metrics.into_iter().for_each(|listener| drop(tasks.spawn(metrics::serve(Arc::clone(&server), listener))));
    let mut result = keep_synced(&server);
    if result.is_ok() && loads {
        result = load(&server, into_stored).await;
    }
    if result.is_err() || *stop.borrow() {
        tasks.shutdown().await;
        return result;
    }
    let mut cron = cron::start(&server);
    if let Err(error) = watchdog::start(&server) {
        tracing::warn!(%error, "A long command may keep other clients waiting: no thread to watch for it");
    }
    if let Some(primary) = settings.replication.replicaof.clone() {
        server.replicate_from(Some(primary));
    }
    ready();
    // The sender is part of the server, which is alive.
    let _ = stop.wait_for(|stop| *stop).await;
    server.listening.close();
    tasks.shutdown().await;
    if let Some(path) = &settings.network.unixsocket {
        let _ = std::fs::remove_file(path);
    }
    for client in server.clients.all() {
        client.kill();
    }
    let all_gone = async {
        while server.clients.len() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(STOP_TIMEOUT, all_gone).await;
    cron.shutdown().await;
    append_only::finish(&server);
    Ok(())
}

/// Starts the thread that has the append-only file be on disk.
fn keep_synced(server: &Arc<Server>) -> Result<(), StartError> {
    let syncer = std::thread::Builder::new().name("syncer".to_owned());
    let own = Arc::clone(server);
    let started = syncer.spawn(move || own.append_only.files.keep_synced());
    started.map(drop).map_err(|error| StartError::Load(format!("Can't start a thread: {error}")))
}

/// Loads what was saved; until that is done clients are told to wait.
async fn load(server: &Arc<Server>, into_stored: IntoStored) -> Result<(), StartError> {
    let loader = Arc::clone(server);
    let taking = loading::Taking { into_stored, replaces: false, keeps_expired: false };
    let load = move || loader.load_libraries().and_then(|()| append_only::start(&loader, taking));
    let loaded = tokio::task::spawn_blocking(load).await;
    server.end_loading();
    match loaded {
        // It was told to stop.
        _ if *server.stop.borrow() => Ok(()),
        Ok(result) => result.map_err(StartError::Load),
        // The thread panicked, and has said so.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Makes the calling thread one of the runtime's workers, for what is counted: to be called when it starts, with
/// numbers from 0.
pub fn worker_started(index: usize) {
    statistics::become_worker(index);
}
