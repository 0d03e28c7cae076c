//! Which engine serves which database: the one place that names them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::table::disk::DiskCompression;
use config::{EngineKind, Settings};
use disk::{Disk, OpenError, Options};
use keyspace::engine::{Engine, Store};
use memory::Memory;

/// The engines of all databases, and where those on disk are stored.
pub struct Engines {
    /// By database.
    pub by_database: Vec<Arc<dyn Engine>>,
    /// The store, if any database is on disk.
    pub disk: Option<Arc<Disk>>,
    /// Whether databases on disk take what was saved: their store has just been made, or was when the last start did not
    /// come to its end.
    pub takes_saved: Option<TakesSaved>,
}

/// Says, by a file in the store's directory, that databases on disk are to take what was saved.
pub struct TakesSaved(PathBuf);

impl TakesSaved {
    /// Whether that is so for the store in `dir`, which is yet to be opened.
    fn ask(dir: &Path) -> Option<TakesSaved> {
        let note = dir.join("takes-saved");
        (!dir.exists() || note.exists()).then_some(TakesSaved(note))
    }

    fn note(&self) -> std::io::Result<()> {
        std::fs::File::create(&self.0)?.sync_all()
    }

    /// Says that they have taken it.
    pub fn done(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.0)
    }
}

impl Engines {
    /// The store as the keyspace takes it.
    pub fn store(&self) -> Option<Arc<dyn Store>> {
        self.disk.clone().map(|disk| disk as Arc<dyn Store>)
    }
}

/// Opens what the settings ask for. Without a database on disk nothing is touched there.
pub fn open(settings: &Settings) -> Result<Engines, OpenError> {
    let databases = 0..settings.process.databases.min(u32::from(u16::MAX)) as u16;
    let is_on_disk = |database: &u16| settings.engine_of(u32::from(*database)) == EngineKind::Disk;
    let on_disk: Vec<u16> = databases.clone().filter(is_on_disk).collect();
    let memory: Arc<dyn Engine> = Arc::new(Memory);
    if on_disk.is_empty() {
        return Ok(Engines {
            by_database: databases.map(|_| Arc::clone(&memory)).collect(),
            disk: None,
            takes_saved: None,
        });
    }
    let options = Options {
        dir: settings.process.dir.join(server::store::DIR),
        settings: server::store::settings(settings),
        journal_bytes_max: settings.disk.journal_bytes_max,
        compresses: settings.disk.compression == DiskCompression::Lz4,
        threads: settings.process.io_threads.clamp(2, 4),
        hand_over: Some(server::hand_over),
    };
    let dir = options.dir.clone();
    let takes_saved = TakesSaved::ask(&dir);
    let (disk, engines) = Disk::open(options, &on_disk)?;
    if let Some(takes_saved) = &takes_saved {
        takes_saved.note().map_err(|error| OpenError::new(&dir, &error))?;
    }
    let mut engines = engines.into_iter();
    let by_database = databases.map(|database| {
        let engine = if is_on_disk(&database) { engines.next() } else { None };
        engine.unwrap_or_else(|| Arc::clone(&memory))
    });
    Ok(Engines { by_database: by_database.collect(), disk: Some(disk), takes_saved })
}
