//! Replaying on several threads: commands on the keys of one slot in their order, those on different slots side by side.
//!
//! A command that changes nothing but keys of one slot goes to the lane of that slot. Before anything else is done, all
//! lanes come to rest, so it finds what came before it and nothing that comes after it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};

use commands::{Handler, Scope as Reach};
use resp::{Arguments, ArgumentsBuffer};

use super::replay::Runner;
use crate::server::Server;
use crate::table::Entry;

/// Commands that are handed over together: some, so that this costs little for each, and no more bytes than this.
const COMMANDS_PER_BATCH: usize = 256;
const BYTES_PER_BATCH: usize = 256 << 10;

/// Batches that may be on their way in one lane.
const BATCHES_UNDER_WAY_MAX: usize = 4;

/// A thread is gone that nobody has ended.
const GONE: &str = "a thread that replays has ended before its time";

/// Commands that follow each other in a lane.
#[derive(Default)]
struct Batch {
    words: ArgumentsBuffer,
    commands: Vec<Queued>,
}

struct Queued {
    /// Its place in the table.
    entry: usize,
    database: u16,
    words: usize,
}

impl Batch {
    fn push(&mut self, entry: &Entry, database: u16, arguments: Arguments<'_>) {
        arguments.iter().for_each(|word| self.words.push(word));
        self.commands.push(Queued { entry: entry.index, database, words: arguments.len() });
    }

    fn is_full(&self) -> bool {
        self.commands.len() >= COMMANDS_PER_BATCH || self.words.bytes_len() >= BYTES_PER_BATCH
    }

    /// Runs the commands, after which there are none.
    fn run(&mut self, runner: &mut Runner) {
        let server = Arc::clone(&runner.server);
        let mut rest = self.words.as_arguments();
        for Queued { entry, database, words } in self.commands.drain(..) {
            if let Some(entry) = server.table.at(entry) {
                runner.session.database = database;
                runner.execute(entry, rest.first(words));
            }
            rest = rest.skip(words);
        }
        self.words.clear(BYTES_PER_BATCH);
    }
}

/// One thread, and what is gathered for it.
struct Lane<'scope> {
    to: Sender<Batch>,
    /// The batches come back when they have been run.
    back: Receiver<Batch>,
    under_way: usize,
    next: Batch,
    /// Returns how many commands failed.
    thread: ScopedJoinHandle<'scope, u64>,
}

impl Lane<'_> {
    fn hand_over(&mut self) -> Result<(), String> {
        let empty = if self.under_way < BATCHES_UNDER_WAY_MAX { Batch::default() } else { self.wait()? };
        self.under_way += 1;
        self.to.send(std::mem::replace(&mut self.next, empty)).map_err(|_| GONE.to_owned())
    }

    /// Waits for a batch to be run.
    fn wait(&mut self) -> Result<Batch, String> {
        self.under_way -= 1;
        self.back.recv().map_err(|_| GONE.to_owned())
    }
}

/// The threads.
pub(super) struct Lanes<'scope>(Vec<Lane<'scope>>);

impl<'scope> Lanes<'scope> {
    /// As many as there are workers for clients, who have nothing to do meanwhile; none where there is one alone.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, server: &'env Arc<Server>) -> Lanes<'scope> {
        let count = server.settings().process.io_threads.min(16);
        let lanes = (0..if count > 1 { count } else { 0 }).map(|_| {
            let ((to, batches), (done, back)) = (channel::<Batch>(), channel());
            let thread = scope.spawn(move || {
                let mut runner = Runner::new(server);
                for mut batch in batches {
                    batch.run(&mut runner);
                    if done.send(batch).is_err() {
                        break;
                    }
                }
                runner.errors
            });
            Lane { to, back, under_way: 0, next: Batch::default(), thread }
        });
        Lanes(lanes.collect())
    }

    /// Takes a command on `database` if it can run in a lane, and says whether it does.
    pub fn take(&mut self, entry: &Entry, database: u16, arguments: Arguments<'_>) -> Result<bool, String> {
        if self.0.is_empty() || !matches!(entry.command.handler, Handler::Write(_)) {
            return Ok(false);
        }
        // What its function does not take, it says itself.
        let Ok((Reach::Keys, keys)) = (entry.command.keys)(arguments) else { return Ok(false) };
        let mut slots = keys.iter().map(|key| key.slot);
        let Some(slot) = slots.next() else { return Ok(false) };
        if slots.any(|other| other != slot) {
            return Ok(false);
        }
        let count = self.0.len();
        let lane = &mut self.0[usize::from(slot) % count];
        lane.next.push(entry, database, arguments);
        if lane.next.is_full() {
            lane.hand_over()?;
        }
        Ok(true)
    }

    /// Has everything that was taken be done. What was not handed over yet `runner` does here: where commands of both kinds
    /// take turns, nobody is waited for.
    pub fn rest(&mut self, runner: &mut Runner) -> Result<(), String> {
        for lane in &mut self.0 {
            while lane.under_way > 0 {
                lane.wait()?;
            }
            if !lane.next.commands.is_empty() {
                let database = runner.session.database;
                lane.next.run(runner);
                runner.session.database = database;
            }
        }
        Ok(())
    }

    /// Ends the threads, which have come to rest.
    pub fn finish(self, runner: &mut Runner) -> Result<(), String> {
        for Lane { to, thread, .. } in self.0 {
            drop(to);
            runner.errors += thread.join().map_err(|_| GONE.to_owned())?;
        }
        Ok(())
    }
}
