//! Rewriting: a base of the present takes the place of all that led to it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keyspace::{CannotBegin, Taker};

use super::base::{self, Form};
use crate::server::Server;

/// How long to wait, at least, before what has failed is tried again by itself.
pub(super) const RETRY: Duration = Duration::from_secs(10);

/// What became of rewrites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// When the one that is under way began.
    pub began: Option<Instant>,
    /// How long the last one took.
    pub last_took: Option<Duration>,
    /// How many have ended well.
    pub count: u64,
    /// How many have failed since one ended well.
    pub failures: u64,
    /// When the last one failed, if the last one did.
    pub failed_at: Option<Instant>,
}

/// Why a rewrite does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is one.
    Runs,
    /// Something else is being saved.
    SnapshotRuns,
    /// No thread can be had for it.
    NoThread,
}

/// Begins one on a thread of its own.
pub(super) fn begin(server: &Arc<Server>) -> Result<(), Refusal> {
    if server.keyspace.is_snapshotting() && !server.append_only.is_rewriting() {
        return Err(Refusal::SnapshotRuns);
    }
    if server.append_only.is_rewriting.swap(true, Ordering::SeqCst) {
        return Err(Refusal::Runs);
    }
    if server.append_only.is_held.load(Ordering::SeqCst) {
        server.append_only.is_rewriting.store(false, Ordering::Release);
        return Err(Refusal::SnapshotRuns);
    }
    let own = Arc::clone(server);
    let work = move || {
        let result = attempt(&own);
        if let Err(error) = result {
            tracing::error!("Rewriting the append-only file failed: {error}");
        }
    };
    let thread = std::thread::Builder::new().name("rewriter".to_owned()).spawn(work);
    if let Err(error) = thread {
        tracing::error!(%error, "Can't rewrite the append-only file: no thread");
        server.append_only.is_rewriting.store(false, Ordering::Release);
        return Err(Refusal::NoThread);
    }
    Ok(())
}

/// Does one here and now, where nobody else does.
pub(super) fn run(server: &Arc<Server>) -> Result<(), String> {
    server.append_only.is_rewriting.store(true, Ordering::Release);
    attempt(server).map_err(|error| error.to_string())
}

fn attempt(server: &Arc<Server>) -> io::Result<()> {
    let appending = &server.append_only;
    let began = Instant::now();
    appending.status.lock().began = Some(began);
    appending.is_given_up.store(false, Ordering::Release);
    appending.configure(&server.settings());
    let result = rewrite(server);
    let mut status = appending.status.lock();
    status.began = None;
    status.last_took = Some(began.elapsed());
    match &result {
        Ok(()) => {
            (status.failures, status.failed_at) = (0, None);
            status.count += 1;
        }
        Err(_) => {
            status.failures += 1;
            status.failed_at = Some(Instant::now());
        }
    }
    drop(status);
    appending.is_rewriting.store(false, Ordering::Release);
    appending.configure(&server.settings());
    result
}

fn rewrite(server: &Arc<Server>) -> io::Result<()> {
    let files = &server.append_only.files;
    let settings = server.settings();
    let form = Form::of(&settings);
    let rewrite = files.begin_rewrite()?;
    let at_the_instant = || {
        let cut = files.stream.cut();
        server.give_effects(Taker::File, true);
        (cut, server.scripting.functions.now())
    };
    let begun = server.keyspace.begin_snapshot(form.encode(server), at_the_instant);
    let result = match begun {
        Ok((snapshot, (cut, functions))) => {
            base::write(server, snapshot, &functions, &rewrite.temporary, form).map(|()| cut)
        }
        Err(CannotBegin::Runs) => Err(io::Error::other("something else is being saved")),
        Err(CannotBegin::Fault(fault)) => Err(io::Error::other(fault.to_string())),
    };
    let keeps_history = settings.persistence.aof_disable_auto_gc;
    let result = result.and_then(|cut| files.end_rewrite(&rewrite, cut, form.suffix(), keeps_history));
    if result.is_err() {
        if files.give_up_rewrite(&rewrite) {
            server.give_effects(Taker::File, false);
        }
        return result;
    }
    if !server.settings().persistence.appendonly {
        // It was asked for nevertheless, or not wanted any more by its end.
        server.give_effects(Taker::File, false);
        files.stop();
    }
    tracing::info!("The append-only file was rewritten");
    Ok(())
}
