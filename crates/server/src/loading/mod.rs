//! Loading what was saved: `dump.rdb`, when the server starts and for `DEBUG RELOAD`.
//!
//! One thread reads the file, finds out where records end and reckons the checksum; others decode the records and put them
//! in ([`workers`]). While it lasts, clients are told so (`-LOADING`), but for commands that need no data.
//!
//! Which databases take what is in the file at the start: those in memory do, which are empty. Those that are stored keep
//! what they have, and take it only where the store has just been made, which is how one moves there.

mod workers;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keyspace::Needs;
use rdb::file::{Item, Reader};

use crate::attention::Concern;
use crate::clock::unix_ms;
use crate::scripting::Registry;
use crate::server::Server;
use workers::{Found, Workers};

/// What a client reads meanwhile.
pub(crate) const LOADING: &str = "LOADING Redis is loading the dataset in memory";

/// Progress is published after so many items.
const ITEMS_PER_LOOK: u64 = 256;

/// What is being loaded, and what came of it last time.
#[derive(Default)]
pub(crate) struct Loading {
    is_running: AtomicBool,
    is_stopped: AtomicBool,
    started_s: AtomicU64,
    total_bytes: AtomicU64,
    loaded_bytes: AtomicU64,
    keys_loaded: AtomicU64,
    keys_expired: AtomicU64,
    used_memory_bytes: AtomicU64,
}

/// How far loading is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub started_s: u64,
    pub total_bytes: u64,
    pub loaded_bytes: u64,
    pub used_memory_bytes: u64,
}

impl Loading {
    /// Whether something is being loaded.
    pub fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }

    /// Has it come to nothing.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// How far it is, while it runs.
    pub fn progress(&self) -> Option<Progress> {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        self.is_running().then(|| Progress {
            started_s: load(&self.started_s),
            total_bytes: load(&self.total_bytes),
            loaded_bytes: load(&self.loaded_bytes),
            used_memory_bytes: load(&self.used_memory_bytes),
        })
    }

    /// The keys that were loaded last, and those that had expired.
    pub fn keys(&self) -> (u64, u64) {
        (self.keys_loaded.load(Ordering::Relaxed), self.keys_expired.load(Ordering::Relaxed))
    }
}

/// What to load at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntoStored {
    /// Databases that are stored keep what they have.
    Nothing,
    /// They take what is in the file.
    All,
}

/// How to take in what is in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking {
    /// Into which databases that are stored.
    pub into_stored: IntoStored,
    /// Whether a key that is there already is replaced; otherwise it is an error.
    pub replaces: bool,
    /// Whether a key whose time has passed is taken in nevertheless: what comes after the file may depend on it.
    pub keeps_expired: bool,
}

/// Why a file was not loaded.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    File(rdb::file::Error, Option<Vec<u8>>),
    Record(rdb::Damage, Vec<u8>),
    Duplicate(Vec<u8>, u64),
    Databases(u64, u16),
    Function(String),
    Store(String),
    Stopped,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let name = |name: &[u8]| name.escape_ascii().to_string();
        match &self.reason {
            Reason::File(error, None) => write!(f, "'{path}' cannot be loaded: {error}"),
            Reason::File(error, Some(key)) => {
                write!(f, "'{path}' cannot be loaded, in the key '{}': {error}", name(key))
            }
            Reason::Record(damage, key) => {
                write!(f, "'{path}' cannot be loaded, in the key '{}': {damage}", name(key))
            }
            Reason::Duplicate(key, offset) => write!(
                f,
                "'{path}' cannot be loaded: the key '{}' at byte {offset} is there already",
                name(key)
            ),
            Reason::Databases(number, databases) => write!(
                f,
                "FATAL: Data file was created with a Server configured to handle more than {databases} databases: \
                 '{path}' has database {number}"
            ),
            Reason::Function(error) => write!(f, "'{path}' cannot be loaded: a function library: {error}"),
            Reason::Store(error) => write!(f, "'{path}' cannot be loaded: {error}"),
            Reason::Stopped => write!(f, "'{path}' was not loaded to its end: the server stops"),
        }
    }
}

impl std::error::Error for LoadError {}

impl Server {
    /// Says that what was saved will be loaded: from now on clients are told to wait.
    pub(crate) fn begin_loading(&self) {
        let loading = &self.loading;
        loading.started_s.store(unix_ms() / 1000, Ordering::Relaxed);
        for number in
            [&loading.total_bytes, &loading.loaded_bytes, &loading.keys_loaded, &loading.keys_expired]
        {
            number.store(0, Ordering::Relaxed);
        }
        loading.is_stopped.store(false, Ordering::Relaxed);
        loading.is_running.store(true, Ordering::Release);
        self.attention.set(Concern::Loading, true);
    }

    /// Says that it is loaded, or will not be.
    pub(crate) fn end_loading(&self) {
        self.attention.set(Concern::Loading, false);
        self.loading.is_running.store(false, Ordering::Release);
    }

    /// Loads the file that the settings name, if there is one; says whether there is. To be called between
    /// [`Server::begin_loading`] and [`Server::end_loading`], on a thread that may wait.
    pub(crate) fn load(self: &Arc<Self>, taking: Taking) -> Result<bool, LoadError> {
        self.load_file(crate::saving::file::path(&self.settings()), taking)
    }

    /// As [`Server::load`], of another file.
    pub(crate) fn load_file(self: &Arc<Self>, path: PathBuf, taking: Taking) -> Result<bool, LoadError> {
        let began = Instant::now();
        let failed = |reason| LoadError { path: path.clone(), reason };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(Reason::File(rdb::file::Error::Io(error), None))),
        };
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        self.loading.total_bytes.store(bytes, Ordering::Relaxed);
        self.load_from(file, &path, taking).map_err(failed)?;
        let (loaded, expired) = self.loading.keys();
        tracing::info!(
            path = %path.display(),
            keys = loaded,
            expired,
            milliseconds = began.elapsed().as_millis() as u64,
            "DB loaded from disk"
        );
        Ok(true)
    }

    /// Loads the snapshot that the file at `path` begins with; see [`Server::load_from`].
    pub(crate) fn load_beginning<R: Read>(
        self: &Arc<Self>,
        file: R,
        path: &Path,
        taking: Taking,
    ) -> Result<(R, Vec<u8>, u64), LoadError> {
        self.load_from(file, path, taking).map_err(|reason| LoadError { path: path.to_owned(), reason })
    }

    /// Loads a snapshot; returns what it was read from, with what was read from there that lies behind the snapshot, and
    /// where that begins.
    fn load_from<R: Read>(
        self: &Arc<Self>,
        file: R,
        path: &Path,
        taking: Taking,
    ) -> Result<(R, Vec<u8>, u64), Reason> {
        let mut reader = Reader::new(file).map_err(|error| Reason::File(error, None))?;
        tracing::info!(path = %path.display(), version = reader.version(), "Loading RDB");
        if taking.into_stored == IntoStored::All && !taking.replaces {
            // They may have a part of what is to be loaded, from a start that did not come to its end.
            let is_kept =
                |database| !self.keyspace.engine(database).is_stored() || self.keyspace.len(database) == 0;
            self.empty(is_kept).map_err(Reason::Store)?;
            if self.has_stored_databases() {
                self.forget_functions().map_err(Reason::Store)?;
            }
        }
        let mut libraries = Registry::default();
        let stored: Vec<bool> = (0..self.keyspace.databases())
            .map(|database| self.keyspace.engine(database).is_stored())
            .collect();
        std::thread::scope(|scope| {
            let mut workers = Workers::start(scope, self, taking);
            let (mut database, mut items, mut delay_us) = (0, 0, 0);
            loop {
                if items % ITEMS_PER_LOOK == 0 {
                    self.note_progress(reader.position());
                    delay_us = self.settings().persistence.key_load_delay_us;
                    if self.loading.is_stopped.load(Ordering::Relaxed) {
                        return Err(Reason::Stopped);
                    }
                }
                items += 1;
                let item = match reader.next() {
                    Ok(item) => item,
                    Err(error) => {
                        let key = reader.key_in_hand().map(<[u8]>::to_vec);
                        return Err(Reason::File(error, key));
                    }
                };
                match item {
                    Item::Key(key) => {
                        let is_stored = stored[usize::from(database)];
                        if is_stored && taking.into_stored == IntoStored::Nothing {
                            continue;
                        }
                        delay(delay_us, items);
                        workers.give(Found { database, is_stored, key })?;
                    }
                    Item::Database(number) => {
                        let databases = self.keyspace.databases();
                        let known = u16::try_from(number).ok().filter(|number| *number < databases);
                        database = known.ok_or(Reason::Databases(number, databases))?;
                    }
                    Item::Function(code) => {
                        let library = crate::scripting::make_library(self, &code)
                            .and_then(|library| libraries.add(library.into(), false));
                        library.map_err(|error| Reason::Function(error.text("").into_owned()))?;
                    }
                    Item::Aux(..) | Item::Sizes(..) | Item::ModuleAux(_) => {}
                    Item::End { .. } => break,
                }
            }
            workers.finish()
        })?;
        self.note_progress(self.loading.total_bytes.load(Ordering::Relaxed));
        // Where there is a store, it has them.
        if self.keyspace.store().is_none() || taking.into_stored != IntoStored::Nothing {
            let added = self.change_libraries(None, true, |registry| {
                let mut found = libraries.libraries.into_values();
                found.try_for_each(|library| registry.add(library, taking.replaces))
            });
            added.map_err(|error| Reason::Function(error.text("").into_owned()))?;
        }
        self.keyspace.flush().map_err(|fault| Reason::Store(fault.to_string()))?;
        let offset = reader.position();
        let (file, ahead) = reader.into_parts();
        Ok((file, ahead, offset))
    }

    /// Takes all keys out of the databases that are not `kept`, and tells of it.
    pub(crate) fn empty(&self, kept: impl Fn(u16) -> bool) -> Result<(), String> {
        let mut txn = self.keyspace.write(&Needs::All, self.context_of_its_own());
        for database in (0..self.keyspace.databases()).filter(|database| !kept(*database)) {
            txn.flush(database).map_err(|fault| fault.to_string())?;
        }
        let tally = txn.commit().map_err(|fault| fault.to_string())?;
        drop(txn);
        let ready = self.take_in(tally, None);
        self.serve_waiting(ready, unix_ms());
        Ok(())
    }

    /// Forgets all libraries of functions.
    pub(crate) fn forget_functions(&self) -> Result<(), String> {
        let forgotten = self.change_libraries(None, true, |registry| {
            *registry = Registry::default();
            Ok(())
        });
        forgotten.map_err(|error| error.text("").into_owned())
    }

    fn note_progress(&self, bytes: u64) {
        self.loading.loaded_bytes.store(bytes, Ordering::Relaxed);
        self.loading.used_memory_bytes.store((self.allocator.used_bytes)(), Ordering::Relaxed);
    }
}

/// `key-load-delay`: so many microseconds for each key, or, when negative, one for so many keys.
fn delay(delay_us: i32, items: u64) {
    match delay_us {
        0 => {}
        1.. => std::thread::sleep(Duration::from_micros(u64::from(delay_us.unsigned_abs()))),
        _ if items.is_multiple_of(u64::from(delay_us.unsigned_abs())) => {
            std::thread::sleep(Duration::from_micros(1));
        }
        _ => {}
    }
}
