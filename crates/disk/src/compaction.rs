//! Compaction of whole databases, on demand and in the background, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sync::Mutex;

use crate::space::Space;
use crate::store::Disk;

/// What was asked for and is not done.
#[derive(Default)]
pub struct Compactions {
    queue: Mutex<Queue>,
    /// Records that the running one has come by, and about how many there are.
    pub progress: Progress,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u16, Arc<Space>)>,
    running: Option<u16>,
}

/// How far the running compaction has come.
#[derive(Default)]
pub struct Progress {
    /// Records seen by any compaction, ever.
    pub seen: AtomicU64,
    seen_at_start: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    /// Records seen since the running compaction began, and about how many there are.
    pub fn of_running(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let expected = load(&self.expected);
        (load(&self.seen).saturating_sub(load(&self.seen_at_start)).min(expected), expected)
    }
}

impl Compactions {
    /// Has `space`, which serves `database`, compacted; says false when that is under way already.
    pub fn ask(
        self: &Arc<Self>,
        disk: &Arc<Disk>,
        database: u16,
        space: Arc<Space>,
    ) -> std::io::Result<bool> {
        let mut queue = self.queue.lock();
        if queue.running == Some(database) || queue.waiting.iter().any(|(waiting, _)| *waiting == database) {
            return Ok(false);
        }
        queue.waiting.push_back((database, space));
        if queue.running.is_none() {
            queue.running = Some(database);
            let (all, disk) = (Arc::clone(self), Arc::clone(disk));
            let started =
                std::thread::Builder::new().name("compactor".to_owned()).spawn(move || all.run(&disk));
            if let Err(error) = started {
                *queue = Queue::default();
                return Err(error);
            }
        }
        Ok(true)
    }

    /// The database that is being compacted, and how many wait.
    pub fn state(&self) -> (Option<u16>, usize) {
        let queue = self.queue.lock();
        (queue.running, queue.waiting.len())
    }

    fn next(&self) -> Option<(u16, Arc<Space>)> {
        let mut queue = self.queue.lock();
        let next = queue.waiting.pop_front();
        queue.running = next.as_ref().map(|(database, _)| *database);
        next
    }

    fn run(&self, disk: &Disk) {
        while let Some((database, space)) = self.next() {
            let Some(tree) = space.tree() else { continue };
            let (began, before) = (Instant::now(), tree.disk_space());
            self.progress.seen_at_start.store(self.progress.seen.load(Ordering::Relaxed), Ordering::Relaxed);
            self.progress.expected.store(tree.approximate_len() as u64, Ordering::Relaxed);
            tracing::info!(database, disk_bytes = before, "Compaction begins");
            match disk.bring_into_tables(tree).and_then(|()| tree.major_compact()) {
                Ok(()) => tracing::info!(
                    database,
                    disk_bytes = tree.disk_space(),
                    milliseconds = began.elapsed().as_millis() as u64,
                    "Compaction is done"
                ),
                Err(error) => tracing::error!(database, %error, "Compaction failed"),
            }
            self.progress.expected.store(0, Ordering::Relaxed);
            disk.drop_replaced();
        }
    }
}
