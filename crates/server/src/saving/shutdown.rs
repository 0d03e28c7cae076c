//! Ending the server, after a last save where there is something to save.
//!
//! A primary waits first until its replicas have all that it has acknowledged, while clients that write wait, for at most
//! `shutdown-timeout`: then nothing is lost when one of them takes over.
//!
//! Clients wait, with their requests unread, while the last save is written. When it fails they go on, unless the server is
//! to end in any case. What was already past the gate when they were told to wait may still change something after the
//! snapshot's instant; [`Server::save_the_rest`] finds that when nobody is left, and saves once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::SaveError;
use crate::clock::unix_ms;
use crate::pause::Scope;
use crate::replication::{Replica, Stage};
use crate::server::Server;

/// How often what is waited for is looked at.
const STEP: Duration = Duration::from_millis(5);

/// For how long clients wait for the last save, at most.
const PAUSE_MS: u64 = 24 * 3600 * 1000;

/// How to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shutdown {
    /// Whether to save first, if that was said; else it is saved where the server saves by itself.
    pub save: Option<bool>,
    /// Whether not to wait for replicas.
    pub now: bool,
    /// Whether to end although nothing could be saved.
    pub force: bool,
}

/// The server goes on: what was to be saved could not be. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownRefused;

#[derive(Default)]
pub(super) struct State {
    /// Whether the server is about to end.
    is_ending: AtomicBool,
    /// Whether it is to go on after all.
    is_aborted: AtomicBool,
    /// Whether replicas are not to be waited for any longer.
    is_hurried: AtomicBool,
    /// Until when replicas are waited for, in Unix milliseconds; 0 while they are not.
    until_ms: AtomicU64,
    /// Whether the server has ended with a save.
    has_saved: AtomicBool,
}

impl State {
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    pub fn left_ms(&self) -> Option<u64> {
        let until_ms = self.until_ms.load(Ordering::Relaxed);
        (until_ms > 0).then(|| until_ms.saturating_sub(unix_ms()))
    }
}

impl Server {
    /// Ends the server as Redis does, cleanly: saves where there is something to save, and waits for that.
    ///
    /// # Errors
    /// When that fails, unless it is to end in any case.
    pub fn shut_down(&self, how: Shutdown) -> Result<(), ShutdownRefused> {
        if self.loading.is_running() {
            // What is there is not all that was saved.
            self.loading.stop();
            self.stop();
            return Ok(());
        }
        let shutdown = &self.saves.shutdown;
        if shutdown.is_ending.swap(true, Ordering::AcqRel) {
            if how.now {
                shutdown.is_hurried.store(true, Ordering::Release);
            }
            return self.wait_for_shutdown();
        }
        shutdown.is_aborted.store(false, Ordering::Release);
        shutdown.is_hurried.store(how.now, Ordering::Release);
        let result = self.wait_for_replicas().and_then(|()| self.save_and_stop(how));
        if result.is_err() {
            shutdown.is_ending.store(false, Ordering::Release);
            self.end_pause();
            tracing::warn!("Errors trying to shut down the server. Check the logs for more information.");
        }
        result
    }

    /// Waits for what becomes of the shutdown that is under way.
    fn wait_for_shutdown(&self) -> Result<(), ShutdownRefused> {
        while self.saves.is_ending() {
            if *self.stop.borrow() {
                return Ok(());
            }
            std::thread::sleep(STEP);
        }
        Err(ShutdownRefused)
    }

    fn save_and_stop(&self, how: Shutdown) -> Result<(), ShutdownRefused> {
        if self.append_only.files.is_beginning() && !how.force {
            tracing::warn!("Writing initial AOF, can't exit: all that is in memory would be lost");
            return Err(ShutdownRefused);
        }
        self.saves.stop();
        if self.saves.shutdown.is_aborted.load(Ordering::Acquire) {
            return Err(ShutdownRefused);
        }
        if how.save.unwrap_or_else(|| self.saves_by_itself()) {
            tracing::info!("Saving the final RDB snapshot before exiting.");
            self.hold_clients(Scope::All);
            self.give_up_snapshots_for_replicas();
            crate::append_only::give_up_rewrite(self);
            match self.save() {
                Ok(()) => self.saves.shutdown.has_saved.store(true, Ordering::Release),
                Err(error) => {
                    if !how.force || matches!(error, SaveError::Cancelled) {
                        tracing::warn!("Error trying to save the DB, can't exit: {error}");
                        return Err(ShutdownRefused);
                    }
                    tracing::warn!("Error trying to save the DB, exiting anyway: {error}");
                }
            }
        }
        self.stop();
        Ok(())
    }

    fn hold_clients(&self, scope: Scope) {
        let now_ms = unix_ms();
        self.pause.begin(scope, now_ms.saturating_add(PAUSE_MS), now_ms, &self.attention);
    }

    /// Waits until those who follow have everything, for as long as they may take.
    fn wait_for_replicas(&self) -> Result<(), ShutdownRefused> {
        let shutdown = &self.saves.shutdown;
        let timeout = Duration::from_secs(u64::from(self.settings().process.shutdown_timeout_s));
        let waits = || !shutdown.is_hurried.load(Ordering::Acquire) && !timeout.is_zero();
        if !waits() || self.replication.is_replica() || self.replication.feed.replicas().is_empty() {
            return Ok(());
        }
        tracing::info!("Waiting for replicas before shutting down.");
        self.hold_clients(Scope::Writes);
        let until_ms = unix_ms().saturating_add(timeout.as_secs() * 1000);
        shutdown.until_ms.store(until_ms, Ordering::Relaxed);
        let result = self.wait_for_lagging(timeout, waits);
        shutdown.until_ms.store(0, Ordering::Relaxed);
        result
    }

    fn wait_for_lagging(&self, timeout: Duration, waits: impl Fn() -> bool) -> Result<(), ShutdownRefused> {
        let shutdown = &self.saves.shutdown;
        let (began, mut asked_at) = (Instant::now(), None);
        let lagging = loop {
            let lagging = self.lagging_replicas(&mut asked_at);
            if lagging.is_empty() || !waits() || began.elapsed() >= timeout {
                break lagging;
            }
            if shutdown.is_aborted.load(Ordering::Acquire) {
                tracing::warn!("Shutdown manually aborted while it waited for replicas");
                return Err(ShutdownRefused);
            }
            std::thread::sleep(STEP);
        };
        let (offset, replicas) = (self.replication.feed.offset(), self.replication.feed.replicas().len());
        for replica in &lagging {
            tracing::warn!(
                replica = %replica.client.address,
                state = replica.stage().name(),
                "Lagging replica reported offset {} behind master.",
                offset.saturating_sub(replica.acknowledged())
            );
        }
        let in_sync = replicas.saturating_sub(lagging.len());
        tracing::info!("{in_sync} of {replicas} replicas are in sync when shutting down.");
        Ok(())
    }

    /// Replicas that follow and have not said that they have everything. They are asked whenever there is more than
    /// was there when they were asked last (`asked_at`).
    fn lagging_replicas(&self, asked_at: &mut Option<(u64, u64)>) -> Vec<Arc<Replica>> {
        let feed = &self.replication.feed;
        let end = feed.offset();
        // What they are asked by is not what they are asked for.
        let goal = match *asked_at {
            Some((goal, behind)) if behind == end => goal,
            _ => {
                feed.append_request(&[b"REPLCONF", b"GETACK", b"*"]);
                *asked_at = Some((end, feed.offset()));
                end
            }
        };
        let is_behind = |replica: &Arc<Replica>| {
            matches!(replica.stage(), Stage::Online | Stage::Loading)
                && !replica.greeting.wants_snapshot_only
                && replica.takes_position
                && replica.acknowledged() < goal
        };
        let mut replicas = feed.replicas();
        replicas.retain(is_behind);
        replicas
    }

    /// Has a shutdown that waits for replicas, or is writing its last save, come to nothing; says whether there was one.
    pub(crate) fn abort_shutdown(&self) -> bool {
        let is_ending = self.saves.is_ending();
        if is_ending {
            self.saves.shutdown.is_aborted.store(true, Ordering::Release);
            self.saves.is_cancelled.store(true, Ordering::Relaxed);
        }
        is_ending
    }

    /// Saves what has been changed since the last save before the end, if anything has. Nobody must be left who could
    /// change something.
    ///
    /// # Errors
    /// A text that says why it cannot be saved.
    pub fn save_the_rest(&self) -> Result<(), String> {
        let unsaved = self.saves.state().unsaved(self.statistics.totals().changes);
        if !self.saves.shutdown.has_saved.load(Ordering::Acquire) || unsaved == 0 {
            return Ok(());
        }
        tracing::info!(changes = unsaved, "Saving what was changed during the final save");
        self.save().map_err(|error| error.to_string())
    }
}
