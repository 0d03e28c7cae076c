//! What can be wrong with a directory, said before anything is done in it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::VERSION;
use crate::store::tree_dir;

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

    /// The LSM database in `path` cannot be opened.
    pub fn of(path: &Path, error: fjall::Error) -> OpenError {
        let reason = crate::words::of(&error);
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
const FORMAT_LINE: &str = "esker disk format ";

/// Makes sure that `dir` is there and of the format that this program reads; returns where its LSM database is.
pub fn check_format(dir: &Path) -> Result<PathBuf, OpenError> {
    let failed = |path: &Path, error: io::Error| OpenError::new(path, &error);
    std::fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    let (file, tree) = (dir.join(FORMAT_FILE), tree_dir(dir));
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            match text.strip_prefix(FORMAT_LINE).map(str::trim_end).and_then(|text| text.parse().ok()) {
                Some(VERSION) => Ok(tree),
                Some::<u32>(other) => Err(OpenError::new(
                    dir,
                    &format!("they are of format {other}, and this version of Esker reads format {VERSION}"),
                )),
                None => Err(OpenError::new(&file, &"it does not say which format the databases are of")),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if tree.exists() {
                return Err(OpenError::new(&file, &"it is missing, although there are databases"));
            }
            std::fs::write(&file, format!("{FORMAT_LINE}{VERSION}\n"))
                .map_err(|error| failed(&file, error))?;
            Ok(tree)
        }
        Err(error) => Err(failed(&file, error)),
    }
}
