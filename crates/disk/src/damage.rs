//! Which file is damaged: the LSM database says that one is, but not which; and some damage it does not see.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fjall::{AbstractTree as _, Keyspace};
use sync::Mutex;
use xxhash_rust::xxh3::Xxh3;

use crate::files::for_each_chunk;
use crate::open::OpenError;

/// The damaged files that were found so far.
#[derive(Default)]
pub struct Damage {
    known: Mutex<Vec<PathBuf>>,
}

impl Damage {
    /// A damaged table of `tree` that may have records from `first` to `last`.
    pub fn find(&self, tree: &Keyspace, first: &[u8], last: &[u8]) -> Option<PathBuf> {
        let version = tree.tree.current_version();
        let suspects = || {
            version.iter_tables().filter(|table| {
                let range = &table.metadata.key_range;
                range.min().as_ref() <= last && range.max().as_ref() >= first
            })
        };
        // A table is read as a whole to judge it, and may be asked for again and again.
        let mut known = self.known.lock();
        if let Some(table) = suspects().find(|table| known.contains(&table.path)) {
            return Some(table.path.to_path_buf());
        }
        let found = suspects().find(|table| is_damaged(&table.path, table.checksum().into_u128()))?;
        known.push(found.path.to_path_buf());
        known.last().cloned()
    }
}

/// Whether the file is not what it was when it was written, or cannot be read.
fn is_damaged(path: &Path, checksum: u128) -> bool {
    let mut hasher = Xxh3::new();
    let read = for_each_chunk(path, u64::MAX, |chunk| hasher.update(chunk));
    read.is_err() || hasher.digest128() != checksum
}

/// A file of the LSM database in `tree_dir`, which cannot be opened, that is missing, cut short or otherwise not what it
/// was, and what is wrong with it.
///
/// Every tree names its tables with their checksums in its current version. What shows at once is looked for first, since
/// to compare all checksums is to read everything.
pub fn find_at_start(tree_dir: &Path) -> Option<(PathBuf, &'static str)> {
    let mut tables = Vec::new();
    for tree in trees(tree_dir).ok()? {
        let current = tree.join(CURRENT);
        let Ok(Current { number, .. }) = Current::read(&current) else {
            return Some((current, "it is missing or damaged"));
        };
        let version = tree.join(format!("v{number}"));
        let Some(listed) = listed_tables(&version) else {
            return Some((version, "it is missing or damaged"));
        };
        tables.extend(listed.into_iter().map(|(id, checksum)| (tree.join(format!("tables/{id}")), checksum)));
    }
    for (path, _) in &tables {
        if !path.exists() {
            return Some((path.clone(), "it is missing"));
        }
        // What a table has in it stands at its end.
        if sfa::Reader::new(path).is_err() {
            return Some((path.clone(), "it has been cut short, or its end is damaged"));
        }
    }
    let damaged = tables.into_iter().find(|(path, checksum)| is_damaged(path, *checksum));
    damaged.map(|(path, _)| (path, "it is damaged: its checksum is wrong"))
}

/// Compares the current version of each tree in `tree_dir` with its checksum, which the LSM database writes and does not
/// read: a table would be missed, or its records be newer or older than they are. Trees that say nothing are left to it.
pub fn check_versions(tree_dir: &Path) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError::new(tree_dir, &error);
    let trees = match trees(tree_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        trees => trees.map_err(failed)?,
    };
    for path in trees.into_iter().map(|tree| tree.join(CURRENT)).filter(|path| path.exists()) {
        let current = match Current::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(OpenError::new(&path, &"it has been cut short"));
            }
            current => current.map_err(|error| OpenError::new(&path, &error))?,
        };
        let version = path.with_file_name(format!("v{}", current.number));
        if !version.exists() {
            let name = format!("v{}", current.number);
            return Err(OpenError::new(
                &path,
                &format!("it is damaged, or '{name}', which it names, is missing"),
            ));
        }
        if is_damaged(&version, current.checksum) {
            return Err(OpenError::new(
                &version,
                &"it is damaged: it has not the checksum that is in 'current' beside it",
            ));
        }
    }
    Ok(())
}

/// The directories of the trees.
fn trees(tree_dir: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(tree_dir.join("keyspaces"))?.map(|tree| Ok(tree?.path())).collect()
}

/// The file that says which version a tree is at.
const CURRENT: &str = "current";

/// What it says: the number of the version, and the checksum (XXH3, 128 bits) of its file.
struct Current {
    number: u64,
    checksum: u128,
}

impl Current {
    fn read(path: &Path) -> io::Result<Current> {
        let (mut file, mut number, mut checksum) = (File::open(path)?, [0; 8], [0; 16]);
        file.read_exact(&mut number)?;
        file.read_exact(&mut checksum)?;
        Ok(Current { number: u64::from_le_bytes(number), checksum: u128::from_le_bytes(checksum) })
    }
}

/// The tables that a version of a tree consists of: the number and the checksum (XXH3, 128 bits) of each.
/// The format is that of `lsm-tree` 3: `Version::encode_into` there.
fn listed_tables(version: &Path) -> Option<Vec<(u64, u128)>> {
    let mut section = sfa::Reader::new(version).ok()?.toc().section(b"tables")?.reader(version).ok()?;
    let mut tables = Vec::new();
    for _ in 0..u8::from_le_bytes(take(&mut section)?) {
        for _ in 0..u8::from_le_bytes(take(&mut section)?) {
            for _ in 0..u32::from_le_bytes(take(&mut section)?) {
                let id = u64::from_le_bytes(take(&mut section)?);
                let [_kind_of_checksum] = take(&mut section)?;
                tables.push((id, u128::from_le_bytes(take(&mut section)?)));
                let _global_sequence_number: [u8; 8] = take(&mut section)?;
            }
        }
    }
    Some(tables)
}

fn take<const N: usize>(from: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
