//! `esker server`.

use std::ffi::OsString;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use config::{CommandLine, Config, Host, ShutdownFlags};
use server::{IntoStored, Server, Shutdown};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{limits, log};

const HELP: &str = "\
Start the server.

Usage: esker server [redis.conf | -] [--directive value …]

Every directive of redis.conf can be given as an option; options count more than the file. With - the
configuration is read from standard input. Without any, it listens on 127.0.0.1:6379.

  esker server --port 6380 --requirepass secret
  esker server /etc/redis/redis.conf --loglevel warning
";

/// Runs the server until it is told to stop.
pub fn main(arguments: &[OsString]) -> ExitCode {
    if arguments.first().is_some_and(|first| first == "--help" || first == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &[OsString]) -> Result<(), String> {
    let host = Host {
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        working_dir: std::env::current_dir().map_err(|error| format!("The working directory: {error}"))?,
    };
    let command_line = CommandLine::parse(arguments.iter().cloned());
    let loaded = config::load(&command_line, &host, std::io::stdin()).map_err(|error| error.to_string())?;
    let settings = Arc::clone(loaded.config.settings());
    std::env::set_current_dir(&settings.process.dir)
        .map_err(|error| format!("Can't chdir to '{}': {error}", settings.process.dir.display()))?;
    log::start(&settings).map_err(|error| format!("Can't open the log file: {error}"))?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    crate::allocator::give_back_soon();
    let config = with_room_for_clients(loaded.config);
    let engines = crate::engines::open(&settings).map_err(|error| error.to_string())?;
    let (store, disk, takes_saved) = (engines.store(), engines.disk, engines.takes_saved);
    let (server, garbage) = Server::new(config, &loaded.renamed_commands, engines.by_database, store)
        .map_err(|error| error.to_string())?;
    server.load_users(&loaded.users)?;
    std::thread::Builder::new()
        .name("reclaimer".to_owned())
        .spawn(move || {
            for garbage in garbage {
                drop(garbage);
                (crate::allocator::JEMALLOC.tell)();
            }
        })
        .map_err(|error| format!("Can't start a thread: {error}"))?;
    let workers = settings.process.io_threads;
    let runtime = runtime(workers).map_err(|error| format!("Can't start {workers} workers: {error}"))?;
    let server = Arc::new(server.with_allocator(crate::allocator::JEMALLOC));
    let result = runtime.block_on(async {
        let signals = stop_on_signals(Arc::clone(&server));
        let port = settings.network.port;
        let into_stored = if takes_saved.is_some() { IntoStored::All } else { IntoStored::Nothing };
        let ready = move || {
            if let Some(takes_saved) = &takes_saved
                && let Err(error) = takes_saved.done()
            {
                tracing::warn!(%error, "Databases on disk will take what is saved again at the next start");
            }
            tracing::info!(
                version = env!("CARGO_PKG_VERSION"),
                pid = std::process::id(),
                port,
                workers,
                "Ready to accept connections"
            );
        };
        // The accept loops and every connection run on the workers; this thread only waits.
        let run = tokio::spawn(server::run(Arc::clone(&server), into_stored, ready));
        let result = run.await;
        signals.abort();
        result
    });
    // No connection is left that could write.
    drop(runtime);
    if let Err(error) = server.save_the_rest() {
        tracing::error!("What was changed during the final save is lost: {error}");
    }
    server.mark_stream();
    if let Some(disk) = disk {
        tracing::info!("Closing the databases on disk");
        disk.close().map_err(|fault| fault.to_string())?;
    }
    if matches!(result, Ok(Ok(()))) {
        server.keep_stream();
    }
    match result {
        Ok(Ok(())) => {
            tracing::info!("Esker is now ready to exit, bye bye...");
            Ok(())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("The server failed: {error}")),
    }
}

/// `maxclients` lowered to what the system allows.
fn with_room_for_clients(config: Config) -> Config {
    let wanted = config.settings().clients.clients_max;
    let possible = limits::make_room_for_clients(wanted).max(1);
    if possible >= wanted {
        return config;
    }
    tracing::warn!(wanted, possible, "The limit on open files lowers maxclients");
    match config.set(&[("maxclients", possible.to_string())], true) {
        Ok(update) => update.config,
        Err(_) => config,
    }
}

/// Threads beside the workers, at most: so many reads may wait for the disk at once. A worker whose reads are handed off
/// beyond that stands still until one of them is done.
const WAITING_THREADS_MAX: usize = 64;

/// Scripts nest what they return and what they read as JSON up to a thousand deep; without optimisation that takes some
/// megabytes of stack. What is not used takes no memory.
const THREAD_STACK_BYTES: usize = 8 * 1024 * 1024;

fn runtime(workers: usize) -> std::io::Result<tokio::runtime::Runtime> {
    let started = AtomicUsize::new(0);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(WAITING_THREADS_MAX)
        .thread_name("worker")
        .thread_stack_size(THREAD_STACK_BYTES)
        .enable_io()
        .enable_time()
        .on_thread_start(move || server::worker_started(started.fetch_add(1, Ordering::Relaxed)))
        .build()
}

fn stop_on_signals(server: Arc<Server>) -> tokio::task::JoinHandle<()> {
    // A write beyond the limit on the size of files is an error, and not the end of the process.
    if signal(SignalKind::from_raw(libc::SIGXFSZ)).is_err() {
        tracing::warn!("Signals cannot be caught");
    }
    reload_on_hangup(Arc::clone(&server));
    tokio::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::warn!("Signals cannot be caught");
            return;
        };
        let mut is_term = either(&mut terminate, &mut interrupt).await;
        loop {
            tracing::info!("Received a signal, stopping");
            let stopping = Arc::clone(&server);
            let settings = server.settings();
            let process = &settings.process;
            let flags = if is_term { process.shutdown_on_sigterm } else { process.shutdown_on_sigint };
            let mut stopping = tokio::task::spawn_blocking(move || stopping.shut_down(shutdown(flags)));
            let stopped = std::future::poll_fn(|context| {
                if let Poll::Ready(stopped) = Pin::new(&mut stopping).poll(context) {
                    return Poll::Ready(Some(stopped));
                }
                let is_insisted =
                    terminate.poll_recv(context).is_ready() || interrupt.poll_recv(context).is_ready();
                if is_insisted { Poll::Ready(None) } else { Poll::Pending }
            });
            match stopped.await {
                // A second signal does not wait for anything.
                None => std::process::exit(1),
                Some(Ok(Ok(()))) => break,
                Some(_) => is_term = either(&mut terminate, &mut interrupt).await,
            }
        }
        either(&mut terminate, &mut interrupt).await;
        std::process::exit(1);
    })
}

/// SIGHUP is what has a server read its files again; it does not end it.
fn reload_on_hangup(server: Arc<Server>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::warn!("SIGHUP cannot be caught");
        return;
    };
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            server.reload_encryption();
        }
    });
}

/// Waits for one of two signals; says whether the first has come.
async fn either(first: &mut Signal, second: &mut Signal) -> bool {
    std::future::poll_fn(|context| {
        let is_first = first.poll_recv(context).is_ready();
        let is_second = second.poll_recv(context).is_ready();
        if is_first || is_second { std::task::Poll::Ready(is_first) } else { std::task::Poll::Pending }
    })
    .await
}

/// What `shutdown-on-sigterm` and `shutdown-on-sigint` say.
fn shutdown(flags: ShutdownFlags) -> Shutdown {
    let save = match (flags.contains(ShutdownFlags::SAVE), flags.contains(ShutdownFlags::NOSAVE)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let (now, force) = (flags.contains(ShutdownFlags::NOW), flags.contains(ShutdownFlags::FORCE));
    Shutdown { save, now, force }
}
