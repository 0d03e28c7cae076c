//! The append-only file: the stream of changes in files, and on disk as soon as `appendfsync` wants it.
//!
//! Whoever is about to tell of a change writes what the stream has ([`AppendOnly::write_out`]), for all who have appended
//! to it. With `appendfsync always` nobody writes but a thread ([`AppendOnly::keep_synced`]), which then has the system
//! bring it onto the disk: all who came meanwhile share the next round ([`AppendOnly::poll_synced`]), which begins when
//! somebody says that there is nobody else to wait for ([`AppendOnly::begin_round`]).
//!
//! When writing or syncing fails, that is said ([`AppendOnly::failure`]) until it works again. What was not written stays
//! and is tried again every second. After a sync that failed the file is not to be trusted, whatever later syncs say: the
//! system may have dropped what it could not bring onto the disk, and it says so once (P. Rebello et al., "Can
//! Applications Recover from fsync Failures?", USENIX ATC 2020). So that is over only when a rewrite has replaced the
//! file ([`AppendOnly::needs_rewrite`]).
//!
//! To make the files smaller, a new incremental file is begun at one moment and the rest is replaced by a base that shows
//! that moment ([`AppendOnly::begin_rewrite`]). The manifest names the new file before anything is written to it, so
//! what is on disk is complete at any time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::thread::Thread;
use std::time::Duration;

use atomic_waker::AtomicWaker;
use sync::Mutex;

use crate::manifest::{Manifest, Part, sync_dir};
use crate::output::{Output, open_to_append};
use crate::stream::Stream;

/// When what is written is brought onto the disk: `appendfsync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fsync {
    /// Before it is acknowledged.
    Always,
    /// Every second.
    EverySecond,
    /// When the system sees fit.
    Never,
}

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory.
    pub dir: PathBuf,
    /// How the names of the files begin.
    pub name: String,
    /// The single file of Redis before version 7, which moves into the directory.
    pub single_file: PathBuf,
}

/// What was found.
pub struct Opened {
    /// The files to load, in order, with their sizes in bytes.
    pub files: Vec<(PathBuf, u64)>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of all files when they were last rewritten, or else when the server began.
    pub bytes_after_rewrite: u64,
    /// Bytes that are not written yet.
    pub unwritten_bytes: u64,
    /// Syncs under way.
    pub pending_syncs: u64,
}

/// A rewrite that has begun.
pub struct Rewrite {
    /// The number of the incremental file that is kept.
    first_kept: u64,
    /// That file, where the manifest does not name it yet.
    unlisted: Option<Part>,
    /// Syncs that had failed when it began.
    failed_syncs: u64,
    /// Where the base is to be written.
    pub temporary: PathBuf,
}

/// With `appendfsync always`, from so many bytes on that are not written those who append write themselves: some of them
/// do not wait for a reply.
const UNWRITTEN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The append-only file of a server.
pub struct AppendOnly {
    /// What is written.
    pub stream: Arc<Stream>,
    options: Options,
    manifest: Mutex<Manifest>,
    output: Mutex<Output>,
    is_on: AtomicBool,
    /// Whether the first base is being written, without which nothing that is written would be loaded.
    is_beginning: AtomicBool,
    fsync: AtomicU8,
    /// Whether syncing rests, since something else is being saved.
    rests: AtomicBool,
    /// Offsets up to which all is written, and on disk.
    written: AtomicU64,
    synced: AtomicU64,
    bytes: AtomicU64,
    bytes_after_rewrite: AtomicU64,
    pending_syncs: AtomicI64,
    failure: Mutex<Option<Box<str>>>,
    has_failed: AtomicBool,
    /// Syncs that have failed, and how many of them no longer matter since what they were for has been written anew.
    failed_syncs: AtomicU64,
    failed_syncs_mended: AtomicU64,
    needs_rewrite: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
    /// Who wakes those, if somebody wants to.
    relay: AtomicWaker,
    rounds: AtomicU64,
    syncer: OnceLock<Thread>,
    is_over: AtomicBool,
}

impl AppendOnly {
    /// Looks at the files. Nothing is written until [`AppendOnly::go_on`] or the end of a rewrite.
    pub fn new(stream: Arc<Stream>, options: Options) -> AppendOnly {
        AppendOnly {
            stream,
            options,
            manifest: Mutex::default(),
            output: Mutex::default(),
            is_on: AtomicBool::new(false),
            is_beginning: AtomicBool::new(false),
            fsync: AtomicU8::new(Fsync::EverySecond as u8),
            rests: AtomicBool::new(false),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            bytes_after_rewrite: AtomicU64::new(0),
            pending_syncs: AtomicI64::new(0),
            failure: Mutex::default(),
            has_failed: AtomicBool::new(false),
            failed_syncs: AtomicU64::new(0),
            failed_syncs_mended: AtomicU64::new(0),
            needs_rewrite: AtomicBool::new(false),
            waiting: Mutex::default(),
            relay: AtomicWaker::new(),
            rounds: AtomicU64::new(0),
            syncer: OnceLock::new(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Removes what a process that was killed has left half written. Called once, before anything is written.
    pub fn remove_left(&self) {
        let Options { dir, name, .. } = &self.options;
        for path in [self.temporary_base(), dir.join(Manifest::temporary_name(name))] {
            // It is rarely there.
            let _ = fs::remove_file(path);
        }
    }

    fn temporary_base(&self) -> PathBuf {
        self.options.dir.join(format!("temp-{}.base", self.options.name))
    }

    /// Reads the manifest, if there is one. A single file of a Redis before version 7 becomes the base, as with Redis 7.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn open(&self) -> Result<Opened, String> {
        let Options { dir, name, single_file } = &self.options;
        let path = Manifest::path(dir, name);
        let manifest = match fs::read_to_string(&path) {
            Ok(text) => Manifest::parse(&text).map_err(|bad| format!("{}: {bad}", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.adopt(single_file).map_err(|error| format!("{}: {error}", single_file.display()))?
            }
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let mut files = Vec::new();
        for part in manifest.loaded() {
            let path = dir.join(&part.name);
            // A server that took over the single file may have come to its end before that had moved.
            if !path.exists() && single_file.file_name().is_some_and(|file| *file == *part.name) {
                // If it is not there either, that is said next.
                let _ = fs::rename(single_file, &path);
            }
            let metadata = fs::metadata(&path);
            let failed = |error| format!("Can't open the append log file {} : {error}", path.display());
            let bytes = metadata.map_err(failed)?.len();
            files.push((path, bytes));
        }
        let bytes = files.iter().map(|(_, bytes)| bytes).sum();
        self.bytes.store(bytes, Ordering::Relaxed);
        self.bytes_after_rewrite.store(bytes, Ordering::Relaxed);
        *self.manifest.lock() = manifest;
        Ok(Opened { files })
    }

    /// Takes over the single file of an older server. The manifest comes first: it is complete when the file has moved.
    fn adopt(&self, single_file: &Path) -> io::Result<Manifest> {
        let Options { dir, name, .. } = &self.options;
        if !single_file.exists() {
            return Ok(Manifest::default());
        }
        fs::create_dir_all(dir)?;
        let file_name = single_file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let base = Part { name: file_name.clone(), number: 1, kind: crate::PartKind::Base };
        let manifest = Manifest { parts: vec![base] };
        manifest.store(dir, name)?;
        sync_dir(dir)?;
        fs::rename(single_file, dir.join(&file_name))?;
        sync_dir(dir)?;
        tracing::info!(file = file_name, "The append-only file of an older version is the base now");
        Ok(manifest)
    }

    /// Whether changes are written.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Acquire)
    }

    /// Whether what is written is lost with the process all the same, since it is behind a first base that is still being
    /// written.
    pub fn is_beginning(&self) -> bool {
        self.is_beginning.load(Ordering::Acquire)
    }

    /// Whether all up to `offset` is on disk, or cannot be brought there now.
    pub fn is_settled(&self, offset: u64) -> bool {
        self.look(offset).is_ready()
    }

    /// Whether all up to `offset` would be loaded after the machine has stopped.
    pub fn keeps(&self, offset: u64) -> bool {
        self.is_on() && !self.is_beginning() && self.is_synced(offset)
    }

    /// Appends to the last incremental file from now on, or to a first one. What was appended to the stream before is
    /// written to it too.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn go_on(&self) -> io::Result<()> {
        let Options { dir, name, .. } = &self.options;
        let mut manifest = self.manifest.lock();
        let part = match manifest.incremental().last() {
            Some(last) => last.clone(),
            None => manifest.next_incremental(name),
        };
        let file = open_to_append(&dir.join(&part.name))?;
        if manifest.incremental().last().is_none() {
            let mut with_file = manifest.clone();
            with_file.parts.push(part);
            self.replace(&mut manifest, with_file)?;
        }
        self.output.lock().file = Some(Arc::new(file));
        self.is_on.store(true, Ordering::Release);
        self.forget_history(&mut manifest);
        Ok(())
    }

    /// Writes nothing any more.
    pub fn stop(&self) {
        self.is_on.store(false, Ordering::Release);
        self.is_beginning.store(false, Ordering::Release);
        let mut output = self.output.lock();
        let _ = output.write(&self.stream);
        let last = output.file.take();
        output.next = None;
        drop(output);
        if let Some(Err(error)) = last.map(|file| file.sync_data()) {
            tracing::warn!(%error, "The append-only file, which is no longer written, may not be on disk");
        }
        self.failed_syncs_mended.fetch_max(self.failed_syncs.load(Ordering::Acquire), Ordering::AcqRel);
        self.recover();
        self.end_round();
    }

    /// Changes when to sync.
    pub fn configure(&self, fsync: Fsync, rests: bool) {
        self.fsync.store(fsync as u8, Ordering::Relaxed);
        self.rests.store(rests, Ordering::Relaxed);
        self.wake_syncer();
    }

    fn fsync(&self) -> Fsync {
        match self.fsync.load(Ordering::Relaxed) {
            0 => Fsync::Always,
            1 => Fsync::EverySecond,
            _ => Fsync::Never,
        }
    }

    /// How much there is.
    pub fn figures(&self) -> Figures {
        let unwritten = self.output.lock().unwritten_bytes() + self.stream.waiting_bytes();
        Figures {
            bytes: self.bytes.load(Ordering::Relaxed),
            bytes_after_rewrite: self.bytes_after_rewrite.load(Ordering::Relaxed),
            unwritten_bytes: unwritten as u64,
            pending_syncs: self.pending_syncs.load(Ordering::Relaxed).cast_unsigned(),
        }
    }

    /// Why what is appended does not get into the file, or onto the disk, if it does not.
    pub fn failure(&self) -> Option<Box<str>> {
        if !self.has_failed.load(Ordering::Acquire) {
            return None;
        }
        self.failure.lock().clone()
    }

    /// Whether what is appended does not get there.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Before somebody is told of what was appended: has it survive the end of the process, or says up to which offset it
    /// has to be on disk first.
    ///
    /// # Errors
    /// Why it does not survive the end of the process.
    #[inline]
    pub fn write_out(&self) -> Result<Option<u64>, Box<str>> {
        if !self.is_on() {
            return Ok(None);
        }
        let end = self.stream.end();
        if self.fsync() == Fsync::Always {
            if end == self.synced.load(Ordering::Acquire) {
                return Ok(None);
            }
            if self.stream.waiting_bytes() >= UNWRITTEN_BYTES_MAX {
                self.write();
            }
            return Ok(Some(end));
        }
        if end != self.written.load(Ordering::Acquire) {
            self.write();
            if self.written.load(Ordering::Acquire) < end
                && let Some(failure) = self.failure()
            {
                return Err(failure);
            }
        }
        Ok(None)
    }

    /// Has everything that was appended survive the end of the process.
    pub fn write_all(&self) {
        self.write();
    }

    /// Writes what there is.
    fn write(&self) {
        let mut output = self.output.lock();
        let result = output.write(&self.stream);
        match result {
            Ok((end, written)) => {
                self.written.store(end, Ordering::Release);
                self.bytes.fetch_add(written, Ordering::Relaxed);
            }
            Err(error) => self.fail(&error),
        }
    }

    #[cold]
    fn fail(&self, error: &io::Error) {
        let text = error.to_string();
        let mut failure = self.failure.lock();
        if failure.is_none() {
            tracing::error!(%error, "Writing the append-only file failed: changes are refused until it works");
        }
        *failure = Some(text.into());
        self.has_failed.store(true, Ordering::Release);
    }

    /// Whether the file has to be rewritten before changes are taken again. A rewrite that was asked for so has to be begun
    /// once; what hinders it hinders the next sync as well, after which it is asked for again.
    pub fn needs_rewrite(&self) -> bool {
        self.needs_rewrite.swap(false, Ordering::AcqRel)
    }

    /// Whether there may be less on the disk than syncs say.
    fn is_doubtful(&self) -> bool {
        self.failed_syncs.load(Ordering::Acquire) > self.failed_syncs_mended.load(Ordering::Acquire)
    }

    /// After writing and syncing have worked.
    fn recover(&self) {
        if self.is_doubtful() {
            self.needs_rewrite.store(true, Ordering::Release);
        } else if self.has_failed.load(Ordering::Acquire) {
            *self.failure.lock() = None;
            self.has_failed.store(false, Ordering::Release);
            tracing::info!("The append-only file is written again");
        }
    }

    /// Whether all up to `offset` is on disk.
    pub fn is_synced(&self, offset: u64) -> bool {
        self.synced.load(Ordering::Acquire) >= offset
    }

    /// Ready when all up to `offset` is on disk, or cannot be brought there now; otherwise `waker` is woken when that may
    /// be so. It is for the caller to see to it that a round begins.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn poll_synced(&self, offset: u64, waker: &Waker) -> Poll<Result<(), Box<str>>> {
        let looked = self.look(offset);
        if looked.is_ready() {
            return looked;
        }
        self.waiting.lock().push(waker.clone());
        // It may have got there before this one was among those who wait.
        self.look(offset)
    }

    /// See [`AppendOnly::poll_synced`].
    fn look(&self, offset: u64) -> Poll<Result<(), Box<str>>> {
        if self.is_synced(offset) || !self.is_on() {
            return Poll::Ready(Ok(()));
        }
        match self.failure() {
            Some(failure) => Poll::Ready(Err(failure)),
            None => Poll::Pending,
        }
    }

    /// Has all that was appended be written and synced, behind what is being synced now; without this it happens every
    /// second.
    pub fn begin_round(&self) {
        self.wake_syncer();
    }

    fn wake_syncer(&self) {
        if let Some(thread) = self.syncer.get() {
            thread.unpark();
        }
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Acquire)
    }

    /// Ready when there was another round than the first `rounds`. Who asks this, and that is one at most, is woken in place
    /// of all others, and is to wake them ([`AppendOnly::wake_waiting`]): a worker wakes tasks at far less cost than a
    /// thread beside the workers does.
    pub fn poll_round(&self, rounds: u64, waker: &Waker) -> Poll<()> {
        self.relay.register(waker);
        if self.rounds() == rounds { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Wakes all who wait: they look whether it is over.
    pub fn wake_waiting(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        waiting.iter().for_each(Waker::wake_by_ref);
    }

    fn end_round(&self) {
        self.rounds.fetch_add(1, Ordering::AcqRel);
        match self.relay.take() {
            Some(waker) => waker.wake(),
            None => self.wake_waiting(),
        }
    }

    /// Writes and syncs as `appendfsync` says, until [`AppendOnly::finish`]: the work of a thread.
    pub fn keep_synced(&self) {
        /// As often as Redis syncs, and tries again what has failed.
        const PERIOD: Duration = Duration::from_secs(1);
        self.syncer.get_or_init(std::thread::current);
        while !self.is_over.load(Ordering::Acquire) {
            std::thread::park_timeout(PERIOD);
            if self.is_on() {
                self.round();
            }
        }
    }

    /// Has everything be on disk, whatever `appendfsync` says, and ends the thread.
    pub fn finish(&self) {
        self.is_over.store(true, Ordering::Release);
        self.wake_syncer();
        if self.is_on() {
            self.write();
            self.sync();
        }
    }

    /// Writes what there is, and syncs it if that is to be done.
    fn round(&self) {
        let was_failing = self.has_failed.load(Ordering::Acquire);
        let before = self.synced.load(Ordering::Acquire);
        if self.stream.end() != self.written.load(Ordering::Acquire) {
            self.write();
        }
        let is_behind = self.written.load(Ordering::Acquire) != before;
        let is_wanted = match self.fsync() {
            Fsync::Always => true,
            Fsync::EverySecond => !self.rests.load(Ordering::Relaxed),
            Fsync::Never => false,
        };
        if is_behind && is_wanted {
            self.sync();
        } else if was_failing && self.output.lock().unwritten_bytes() == 0 {
            self.recover();
        }
        self.end_round();
    }

    /// Brings onto the disk what is written.
    fn sync(&self) {
        let (files, written) = {
            let mut output = self.output.lock();
            let former = std::mem::take(&mut output.former);
            let files: Vec<Arc<File>> = former.into_iter().chain(output.file.clone()).collect();
            (files, self.written.load(Ordering::Acquire))
        };
        self.pending_syncs.fetch_add(1, Ordering::Relaxed);
        let result = files.iter().try_for_each(|file| file.sync_data());
        self.pending_syncs.fetch_sub(1, Ordering::Relaxed);
        match result {
            Ok(()) => {
                if !self.is_doubtful() {
                    self.synced.store(written, Ordering::Release);
                }
                if self.output.lock().unwritten_bytes() == 0 {
                    self.recover();
                }
            }
            Err(error) => {
                // All of them again, the next time.
                let mut output = self.output.lock();
                let current = output.file.clone();
                let is_former =
                    |file: &Arc<File>| !current.as_ref().is_some_and(|now| Arc::ptr_eq(now, file));
                output.former.extend(files.into_iter().filter(is_former));
                drop(output);
                self.failed_syncs.fetch_add(1, Ordering::AcqRel);
                self.fail(&error);
            }
        }
    }

    /// Begins a rewrite: a new incremental file is there, in which everything comes that is appended behind the next
    /// [`Stream::cut`]. If nothing was written before, because it was off, what is there does not go before it.
    ///
    /// # Errors
    /// When the file system fails; then all is as it was.
    pub fn begin_rewrite(&self) -> io::Result<Rewrite> {
        let Options { dir, name, .. } = &self.options;
        fs::create_dir_all(dir)?;
        let mut manifest = self.manifest.lock();
        let part = manifest.next_incremental(name);
        let path = dir.join(&part.name);
        // What is left of an attempt that failed.
        let _ = fs::remove_file(&path);
        let file = open_to_append(&path)?;
        let is_listed = self.is_on();
        if is_listed {
            let mut with_file = manifest.clone();
            with_file.parts.push(part.clone());
            self.replace(&mut manifest, with_file)?;
        }
        self.output.lock().next = Some(Arc::new(file));
        self.is_beginning.store(!is_listed, Ordering::Release);
        self.is_on.store(true, Ordering::Release);
        Ok(Rewrite {
            first_kept: part.number,
            unlisted: (!is_listed).then_some(part),
            failed_syncs: self.failed_syncs.load(Ordering::Acquire),
            temporary: self.temporary_base(),
        })
    }

    /// Ends a rewrite: the base, which was written to [`Rewrite::temporary`] and is on disk, takes the place of what was
    /// before it. `suffix` says what it is made of, `rdb` or `aof`, and `cut` up to where of the stream it has all.
    ///
    /// # Errors
    /// When the file system fails; then what was before is still what counts.
    pub fn end_rewrite(
        &self,
        rewrite: &Rewrite,
        cut: u64,
        suffix: &str,
        keeps_history: bool,
    ) -> io::Result<()> {
        let Options { dir, name, .. } = &self.options;
        // What came before the cut is in the file that goes, and nothing more comes there.
        let (end, written) = self.output.lock().write(&self.stream)?;
        self.written.store(end, Ordering::Release);
        self.bytes.fetch_add(written, Ordering::Relaxed);
        let mut manifest = self.manifest.lock();
        let base = manifest.next_base(name, suffix);
        let path = dir.join(&base.name);
        fs::rename(&rewrite.temporary, &path)?;
        sync_dir(dir)?;
        let base_bytes = fs::metadata(&path)?.len();
        let mut after = manifest.with_base(base, rewrite.first_kept);
        after.parts.extend(rewrite.unlisted.clone());
        self.replace(&mut manifest, after)?;
        let incremental = manifest.incremental();
        let sizes = incremental.map(|part| fs::metadata(dir.join(&part.name)).map_or(0, |file| file.len()));
        let bytes = base_bytes + sizes.sum::<u64>();
        self.bytes.store(bytes, Ordering::Relaxed);
        self.bytes_after_rewrite.store(bytes, Ordering::Relaxed);
        if !keeps_history {
            self.forget_history(&mut manifest);
        }
        self.failed_syncs_mended.fetch_max(rewrite.failed_syncs, Ordering::AcqRel);
        // The base is on disk, whenever what comes behind it will be.
        self.synced.fetch_max(cut, Ordering::AcqRel);
        self.is_beginning.store(false, Ordering::Release);
        self.wake_waiting();
        self.wake_syncer();
        Ok(())
    }

    /// Writes a manifest in place of the one there is. As soon as it has its name it is the one that counts, also when it is
    /// not known whether the disk has it: no number in it is used twice.
    fn replace(&self, manifest: &mut Manifest, by: Manifest) -> io::Result<()> {
        let Options { dir, name, .. } = &self.options;
        by.store(dir, name)?;
        *manifest = by;
        sync_dir(dir)
    }

    /// Gives a rewrite up. A file that it began is written on, unless nothing was written before: then nothing is now, which
    /// is what it returns.
    pub fn give_up_rewrite(&self, rewrite: &Rewrite) -> bool {
        let _ = fs::remove_file(&rewrite.temporary);
        let Some(part) = &rewrite.unlisted else { return false };
        self.is_on.store(false, Ordering::Release);
        self.is_beginning.store(false, Ordering::Release);
        let mut output = self.output.lock();
        (output.file, output.next) = (None, None);
        let _ = fs::remove_file(self.options.dir.join(&part.name));
        drop(output);
        self.wake_waiting();
        true
    }

    /// Deletes the files that are not needed any more.
    fn forget_history(&self, manifest: &mut Manifest) {
        let dir = &self.options.dir;
        if manifest.history().next().is_none() {
            return;
        }
        let after = manifest.without_history();
        for part in manifest.history() {
            if let Err(error) = fs::remove_file(dir.join(&part.name))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = part.name, "An append-only file that is not needed stays");
                return;
            }
        }
        if let Err(error) = self.replace(manifest, after) {
            tracing::warn!(%error, "The manifest of the append-only file could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use keyspace::{Effects, Log};

    use super::*;

    fn options(dir: &Path) -> Options {
        Options { dir: dir.join("aof"), name: "a.aof".to_owned(), single_file: dir.join("a.aof") }
    }

    fn made(dir: &Path) -> AppendOnly {
        AppendOnly::new(Arc::new(Stream::new([false].into())), options(dir))
    }

    fn append(files: &AppendOnly, key: &str) {
        let mut effects = Effects::default();
        effects.push(0, [b"INCR".as_slice(), key.as_bytes()]);
        files.stream.append(&effects);
    }

    /// The keys that the files name, in the order of loading; a base has those that it was written with.
    fn loaded(dir: &Path) -> String {
        let opened = made(dir).open().expect("it is sound");
        let mut keys = String::new();
        for (path, _) in opened.files {
            let text = fs::read_to_string(path).expect("it can be read");
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if line == "INCR" {
                    keys.extend(lines.nth(1));
                }
                keys.extend(line.strip_prefix("base:"));
            }
        }
        keys
    }

    fn rewrite(files: &AppendOnly, base: &str) -> (Rewrite, u64) {
        let rewrite = files.begin_rewrite().expect("the disk works");
        append(files, "before");
        let cut = files.stream.cut();
        append(files, "behind");
        fs::write(&rewrite.temporary, format!("base:{base}\n")).expect("the disk works");
        (rewrite, cut)
    }

    fn end(files: &AppendOnly, (rewrite, cut): &(Rewrite, u64)) {
        files.end_rewrite(rewrite, *cut, "aof", false).expect("the disk works");
    }

    #[test]
    fn what_was_appended_is_there_when_it_was_written_out() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let files = made(directory.path());
        files.configure(Fsync::EverySecond, false);
        assert!(files.open().expect("there is nothing").files.is_empty());
        let first = rewrite(&files, "A");
        end(&files, &first);
        append(&files, "c");
        assert_eq!(loaded(directory.path()), "Abehind");
        assert_eq!(files.write_out(), Ok(None));
        assert_eq!(loaded(directory.path()), "Abehindc");
        // And again, by the next server.
        let files = made(directory.path());
        files.open().expect("it is sound");
        files.go_on().expect("the disk works");
        append(&files, "d");
        files.write_out().expect("the disk works");
        assert_eq!(loaded(directory.path()), "Abehindcd");
    }

    #[test]
    fn a_single_file_is_taken_over_whenever_that_stops() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let single = directory.path().join("a.aof");
        fs::write(&single, "base:A\n").expect("the disk works");
        assert_eq!(loaded(directory.path()), "A");
        // As if it had stopped between the manifest and the move.
        fs::rename(directory.path().join("aof/a.aof"), &single).expect("it has moved");
        assert_eq!(loaded(directory.path()), "A");
    }

    #[test]
    fn a_rewrite_loses_nothing_at_any_moment() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let files = made(directory.path());
        let first = rewrite(&files, "A");
        end(&files, &first);
        append(&files, "c");
        let second = rewrite(&files, "B");
        files.write_out().expect("the disk works");
        assert_eq!(loaded(directory.path()), "Abehindcbeforebehind");
        end(&files, &second);
        assert_eq!(loaded(directory.path()), "Bbehind");
        let names = fs::read_dir(directory.path().join("aof")).expect("it is there").count();
        assert_eq!(names, 3, "the base, what was done since, and the manifest");
    }

    #[test]
    fn a_rewrite_that_is_given_up_leaves_all_as_it_was() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let files = made(directory.path());
        let first = rewrite(&files, "A");
        end(&files, &first);
        // Twice in a row, with nothing written between.
        for _ in 0..2 {
            let second = rewrite(&files, "B");
            assert!(!files.give_up_rewrite(&second.0));
        }
        let third = rewrite(&files, "C");
        files.write_out().expect("the disk works");
        let before = "beforebehind";
        assert_eq!(loaded(directory.path()), format!("Abehind{before}{before}{before}"));
        end(&files, &third);
        assert_eq!(loaded(directory.path()), "Cbehind");
    }

    #[test]
    fn a_first_base_keeps_what_is_in_it_once_it_is_there() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let files = made(directory.path());
        files.configure(Fsync::Never, false);
        let given_up = rewrite(&files, "A");
        assert!(files.is_beginning());
        assert!(files.give_up_rewrite(&given_up.0));
        assert!(!files.is_beginning() && !files.keeps(0));
        let first = rewrite(&files, "B");
        assert!(files.is_beginning() && !files.keeps(0));
        end(&files, &first);
        assert!(!files.is_beginning());
        assert!(files.keeps(first.1), "the base is on disk, whatever appendfsync says");
        assert!(!files.keeps(first.1 + 1));
        let second = rewrite(&files, "C");
        assert!(!files.is_beginning(), "there is a base already");
        assert!(files.keeps(first.1));
        end(&files, &second);
        assert!(files.keeps(second.1));
    }

    #[test]
    fn whoever_waits_is_told_when_it_is_on_disk() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let files = Arc::new(made(directory.path()));
        files.configure(Fsync::Always, false);
        let first = rewrite(&files, "A");
        end(&files, &first);
        append(&files, "c");
        let offset = files.write_out().expect("the disk works").expect("it has to be awaited");
        let own = Arc::clone(&files);
        let syncer = std::thread::spawn(move || own.keep_synced());
        while files.poll_synced(offset, Waker::noop()).is_pending() {
            files.begin_round();
            std::thread::yield_now();
        }
        assert_eq!(loaded(directory.path()), "Abehindc");
        files.finish();
        syncer.join().expect("it ends");
    }
}
