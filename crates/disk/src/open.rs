//! What can be wrong with a directory, said before anything is done in it.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::format::{VERSION, VERSION_READ_MIN};
use crate::store::tree_dir;
use crate::{batches, damage};

/// Why a store cannot be opened.
#[derive(Debug)]
pub struct OpenError {
    path: PathBuf,
    reason: String,
}

impl OpenError {
    /// Something is wrong with `path`.
    pub fn new(path: &Path, reason: &impl fmt::Display) -> OpenError {
        OpenError { path: path.to_owned(), reason: reason.to_string() }
    }

    /// The LSM database in `path` cannot be opened. Where a file of it is damaged, that is named.
    pub fn of(path: &Path, error: &fjall::Error) -> OpenError {
        let reason = crate::words::of(error);
        if let fjall::Error::InvalidVersion(_) = error {
            return OpenError::new(&path.join("version"), &reason);
        }
        if let fjall::Error::Storage(_) | fjall::Error::Unrecoverable = error {
            tracing::error!(path = %path.display(), %reason, "Looking for the file that is damaged");
            if let Some((file, what)) = damage::find_at_start(path) {
                return OpenError::new(&file, &what);
            }
        }
        OpenError { path: path.to_owned(), reason }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The databases on disk in '{}' cannot be opened: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for OpenError {}

const FORMAT_FILE: &str = "format";
const DRAFT_FILE: &str = "format.new";
const FORMAT_LINE: &str = "esker disk format ";

/// Makes sure that `dir` is there and of a format that this program reads; returns where its LSM database is, and the
/// version of its format.
pub fn check_format(dir: &Path) -> Result<(PathBuf, u32), OpenError> {
    let failed = |path: &Path, error: io::Error| OpenError::new(path, &error);
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    let (file, tree) = (dir.join(FORMAT_FILE), tree_dir(dir));
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            match text.strip_prefix(FORMAT_LINE).map(str::trim_end).and_then(|text| text.parse().ok()) {
                Some(known @ VERSION_READ_MIN..=VERSION) => Ok((tree, known)),
                Some::<u32>(other) => Err(OpenError::new(
                    &file,
                    &format!(
                        "they are of format {other}, and this version of Esker reads the formats \
                         {VERSION_READ_MIN} to {VERSION}"
                    ),
                )),
                None => Err(OpenError::new(&file, &"it does not say which format the databases are of")),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if tree.exists() {
                return Err(OpenError::new(&file, &"it is missing, although there are databases"));
            }
            write_format(dir)?;
            Ok((tree, VERSION))
        }
        Err(error) => Err(failed(&file, error)),
    }
}

/// Looks for damage that the LSM database in `tree_dir` would not see; unless another process uses it, for which it looks
/// itself. After a clean stop the journals are known to be what they were.
pub fn check_files(tree_dir: &Path, is_after_crash: bool) -> Result<(), OpenError> {
    let lock = File::open(tree_dir.join("lock"));
    let is_used = lock.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
    if is_used {
        return Ok(());
    }
    damage::check_versions(tree_dir)?;
    if is_after_crash { batches::check_journals(tree_dir) } else { Ok(()) }
}

/// Says, in one step, that the store in `dir` is of this program's format: older programs, which could not read what may
/// be written from now on, refuse it.
pub fn write_format(dir: &Path) -> Result<(), OpenError> {
    let (draft, file) = (dir.join(DRAFT_FILE), dir.join(FORMAT_FILE));
    let write = || {
        let mut written = File::create(&draft)?;
        written.write_all(format!("{FORMAT_LINE}{VERSION}\n").as_bytes())?;
        written.sync_all()?;
        std::fs::rename(&draft, &file)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|error: io::Error| OpenError::new(&file, &error))
}
