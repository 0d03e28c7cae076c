//! The threads that decode what was read and put it into the keyspace.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context as TaskContext, Waker};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use keyspace::{Context, Key, Needs, WriteTxn};
use values::entry::Entry;

use super::{Reason, Taking};
use crate::clock::unix_ms;
use crate::server::Server;

/// Keys that are handed over together: some, so that the handing over costs little for each, and no more bytes than this.
const KEYS_PER_BATCH: usize = 256;
const BYTES_PER_BATCH: usize = 1 << 20;

/// Batches that may wait for a worker.
const BATCHES_WAITING: usize = 4;

/// A key that was read.
pub struct Found {
    pub database: u16,
    /// Whether the database is stored.
    pub is_stored: bool,
    pub key: rdb::file::Key,
}

type Thread<'scope> = ScopedJoinHandle<'scope, Result<(), Reason>>;

/// The threads, and what is gathered for the next one.
pub struct Workers<'scope> {
    threads: Vec<(SyncSender<Vec<Found>>, Thread<'scope>)>,
    next: usize,
    batch: Vec<Found>,
    batch_bytes: usize,
}

impl<'scope> Workers<'scope> {
    /// As many as there are workers for clients, who have nothing to do meanwhile.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        server: &'env Arc<Server>,
        taking: Taking,
    ) -> Workers<'scope> {
        let threads = (0..server.settings().process.io_threads.clamp(1, 16)).map(|_| {
            let (sender, receiver) = sync_channel(BATCHES_WAITING);
            (sender, scope.spawn(move || work(server, &receiver, taking)))
        });
        Workers { threads: threads.collect(), next: 0, batch: Vec::new(), batch_bytes: 0 }
    }

    /// Takes a key.
    pub fn give(&mut self, found: Found) -> Result<(), Reason> {
        self.batch_bytes += found.key.name.len() + found.key.value.len();
        self.batch.push(found);
        if self.batch.len() < KEYS_PER_BATCH && self.batch_bytes < BYTES_PER_BATCH {
            return Ok(());
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<(), Reason> {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.next = (self.next + 1) % self.threads.len();
        if self.threads[self.next].0.send(batch).is_ok() {
            return Ok(());
        }
        // It has ended before its time, and knows why.
        let (_, thread) = self.threads.swap_remove(self.next);
        Err(thread.join().ok().and_then(Result::err).unwrap_or(Reason::Stopped))
    }

    /// Waits until everything is in.
    pub fn finish(mut self) -> Result<(), Reason> {
        if !self.batch.is_empty() {
            self.hand_over()?;
        }
        let (senders, threads): (Vec<_>, Vec<_>) = self.threads.into_iter().unzip();
        drop(senders);
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(Reason::Stopped)))
    }
}

fn work(server: &Server, batches: &Receiver<Vec<Found>>, taking: Taking) -> Result<(), Reason> {
    let Taking { replaces, keeps_expired, .. } = taking;
    let limits = server.limits();
    for batch in batches {
        let now_ms = unix_ms();
        let context = Context { is_copy: true, counting: server.counting(), ..server.context_of_its_own() };
        let (mut loaded, mut expired) = (0, 0);
        let mut stored: Vec<(Found, Entry)> = Vec::new();
        // A file that Esker has written has the keys of a slot one after the other.
        let mut held: Option<(u16, WriteTxn<'_>)> = None;
        for found in batch {
            let key = &found.key;
            if !keeps_expired && key.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms) {
                expired += 1;
                continue;
            }
            let entry = key.decode(&limits).map_err(|damage| Reason::Record(damage, key.name.clone()))?;
            loaded += 1;
            if found.is_stored {
                stored.push((found, entry));
                continue;
            }
            let name = Key::new(&key.name);
            let (_, txn) = match &mut held {
                Some(held) if held.0 == name.slot => held,
                _ => {
                    held = None;
                    held.insert((name.slot, server.keyspace.write(&Needs::One(name.slot), context)))
                }
            };
            if !txn.load(found.database, &name, entry, key.access(now_ms), replaces) {
                return Err(Reason::Duplicate(key.name.clone(), key.offset));
            }
        }
        drop(held);
        put_in_stored(server, stored, context, replaces)?;
        server.loading.keys_loaded.fetch_add(loaded, Ordering::Relaxed);
        server.loading.keys_expired.fetch_add(expired, Ordering::Relaxed);
    }
    Ok(())
}

/// Puts keys into databases that are stored: all of them in one transaction.
fn put_in_stored(
    server: &Server,
    found: Vec<(Found, Entry)>,
    context: Context,
    replaces: bool,
) -> Result<(), Reason> {
    if found.is_empty() {
        return Ok(());
    }
    let slots = found.iter().map(|(found, _)| Key::new(&found.key.name).slot).collect();
    let mut txn = server.keyspace.write(&Needs::of_slots(slots), context);
    for (Found { database, key, .. }, entry) in found {
        let name = Key::new(&key.name);
        if !txn.load(database, &name, entry, key.access(context.now_ms), replaces) {
            return Err(Reason::Duplicate(key.name.clone(), key.offset));
        }
    }
    txn.commit().map_err(|fault| Reason::Store(fault.to_string()))?;
    drop(txn);
    wait_for_the_disk(server)
}

/// Waits while more was written than the disk takes.
fn wait_for_the_disk(server: &Server) -> Result<(), Reason> {
    const PERIOD: Duration = Duration::from_millis(5);
    let Some(store) = server.keyspace.store() else { return Ok(()) };
    let failed = |fault: keyspace::fault::Fault| Reason::Store(fault.to_string());
    store.flush().map_err(failed)?;
    let Some(commit) = store.to_be_awaited() else { return Ok(()) };
    let context = TaskContext::from_waker(Waker::noop());
    loop {
        match store.poll_safe(commit, context.waker()) {
            std::task::Poll::Ready(result) => return result.map_err(failed),
            std::task::Poll::Pending => std::thread::sleep(PERIOD),
        }
    }
}
