//! Ending the server, after a last save where there is something to save.
//!
//! Clients wait, with their requests unread, while the last save is written. When it fails they go on, unless the server is
//! to end in any case. What was already past the gate when they were told to wait may still change something after the
//! snapshot's instant; [`Server::save_the_rest`] finds that when nobody is left, and saves once more.

use std::sync::atomic::{AtomicBool, Ordering};

use super::SaveError;
use crate::clock::unix_ms;
use crate::pause::Scope;
use crate::server::Server;

/// For how long clients wait for the last save, at most.
const PAUSE_MS: u64 = 24 * 3600 * 1000;

/// How to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shutdown {
    /// Whether to save first, if that was said; else it is saved where the server saves by itself.
    pub save: Option<bool>,
    /// Whether to end although nothing could be saved.
    pub force: bool,
}

/// The server goes on: what was to be saved could not be. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownRefused;

#[derive(Default)]
pub(super) struct State {
    /// Whether a last save is being written.
    is_saving: AtomicBool,
    /// Whether the server has ended with a save.
    has_saved: AtomicBool,
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
        if !how.save.unwrap_or_else(|| self.saves_by_itself()) {
            self.saves.stop();
            self.stop();
            return Ok(());
        }
        if shutdown.is_saving.swap(true, Ordering::AcqRel) {
            return Err(ShutdownRefused);
        }
        tracing::info!("Saving the final RDB snapshot before exiting.");
        let now_ms = unix_ms();
        self.pause.begin(Scope::All, now_ms.saturating_add(PAUSE_MS), now_ms, &self.attention);
        self.saves.stop();
        let result = self.save();
        shutdown.is_saving.store(false, Ordering::Release);
        match result {
            Ok(()) => shutdown.has_saved.store(true, Ordering::Release),
            Err(error) => {
                tracing::warn!("Error trying to save the DB: {error}");
                if !how.force || matches!(error, SaveError::Cancelled) {
                    self.end_pause();
                    tracing::warn!(
                        "Errors trying to shut down the server. Check the logs for more information."
                    );
                    return Err(ShutdownRefused);
                }
            }
        }
        self.stop();
        Ok(())
    }

    /// Has a shutdown that is writing its last save come to nothing; says whether there was one.
    pub(crate) fn abort_shutdown(&self) -> bool {
        let is_saving = self.saves.shutdown.is_saving.load(Ordering::Acquire);
        if is_saving {
            self.saves.is_cancelled.store(true, Ordering::Relaxed);
        }
        is_saving
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
