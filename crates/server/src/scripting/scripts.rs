//! The scripts that clients have sent, for all workers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use scripting::{Digest, Flags};
use sync::Mutex;

use super::callable::Callable;

/// So many scripts that came with EVAL are kept. Those that were loaded stay until they are flushed.
const EVALUATED_MAX: usize = 500;

/// A script.
pub(crate) struct Script {
    /// What EVALSHA knows it by.
    pub digest: Digest,
    /// What was sent.
    pub text: Box<[u8]>,
    /// What is known of running it.
    pub callable: Callable,
    /// When it was used last, by the cache's own clock.
    used: AtomicU64,
    /// Whether it was loaded, and not only run.
    is_kept: AtomicBool,
    /// Whether it is in the cache no more.
    is_gone: AtomicBool,
}

impl Script {
    /// Whether it is in the cache no more.
    pub fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

/// The cache of scripts.
#[derive(Default)]
pub(crate) struct Scripts {
    by_digest: Mutex<HashMap<Digest, Arc<Script>>>,
    /// Counts uses.
    clock: AtomicU64,
    evicted: AtomicU64,
}

impl Scripts {
    /// The script with this digest.
    pub fn find(&self, digest: &Digest) -> Option<Arc<Script>> {
        self.by_digest.lock().get(digest).cloned()
    }

    /// Adds a script that compiles, unless it is there. For it another one goes that came with EVAL, the one that was
    /// not used for longest, if there are too many.
    pub fn add(&self, text: &[u8], flags: Option<Flags>) -> Arc<Script> {
        let digest = scripting::digest(text);
        let mut by_digest = self.by_digest.lock();
        if let Some(script) = by_digest.get(&digest) {
            return Arc::clone(script);
        }
        let is_evaluated = |script: &&Arc<Script>| !script.is_kept.load(Ordering::Relaxed);
        if by_digest.len() >= EVALUATED_MAX
            && by_digest.values().filter(is_evaluated).count() >= EVALUATED_MAX
        {
            let oldest = by_digest.values().filter(is_evaluated);
            let oldest = oldest.min_by_key(|script| script.used.load(Ordering::Relaxed)).map(Arc::clone);
            if let Some(oldest) = oldest {
                oldest.is_gone.store(true, Ordering::Relaxed);
                by_digest.remove(&oldest.digest);
                self.evicted.fetch_add(1, Ordering::Relaxed);
            }
        }
        let name = String::from_utf8_lossy(&digest).into_owned();
        let script = Arc::new(Script {
            digest,
            text: text.into(),
            callable: Callable::new(name, flags, false),
            used: AtomicU64::new(self.clock.fetch_add(1, Ordering::Relaxed)),
            is_kept: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
        });
        by_digest.insert(digest, Arc::clone(&script));
        script
    }

    /// Notes that the script is used.
    #[inline]
    pub fn touch(&self, script: &Script) {
        script.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Has the script stay until all are flushed.
    pub fn keep(&self, script: &Script) {
        script.is_kept.store(true, Ordering::Relaxed);
    }

    /// Forgets all.
    pub fn flush(&self) {
        for script in std::mem::take(&mut *self.by_digest.lock()).values() {
            script.is_gone.store(true, Ordering::Relaxed);
        }
    }

    /// How many there are, and how many bytes they take.
    pub fn count(&self) -> (usize, usize) {
        let by_digest = self.by_digest.lock();
        let bytes = |script: &Arc<Script>| size_of::<Script>() + script.text.len() + size_of::<Digest>();
        (by_digest.len(), by_digest.values().map(bytes).sum())
    }

    /// How many went because there were too many.
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_and_what_was_loaded_stays() {
        let scripts = Scripts::default();
        let text = |number: usize| format!("return {number}").into_bytes();
        let loaded = scripts.add(b"return 'loaded'", None);
        scripts.keep(&loaded);
        let first: Vec<_> = (0..EVALUATED_MAX).map(|number| scripts.add(&text(number), None)).collect();
        scripts.touch(&first[0]);
        scripts.add(&text(EVALUATED_MAX), None);
        assert_eq!((scripts.count().0, scripts.evicted()), (EVALUATED_MAX + 1, 1));
        assert!(first[1].is_gone() && !first[0].is_gone() && !loaded.is_gone());
        assert!(scripts.find(&first[1].digest).is_none());
        scripts.flush();
        assert!(loaded.is_gone() && scripts.count() == (0, 0));
    }
}
