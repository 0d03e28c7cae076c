//! What a clean stop leaves: a note of what is in the journals, and how long the files of the trees are.
//!
//! The LSM database takes a journal that ends too early for what a crash has left, and goes on with what comes before.
//! After a clean stop that would hide a loss. So a note is written then, and the next start reads it: every journal
//! has to begin with what it held. Of a table that is missing or was cut short it only says that one is, and a tree that
//! lacks the file with the version that it is at it takes for one that was being made, and deletes; the note tells which
//! file is not as it was. A start puts the note aside, since from then on the files change, and back when nothing comes of it; by
//! renaming, which works on a full disk too.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::files::for_each_chunk;
use crate::open::OpenError;
use crate::store::tree_dir;

const NOTE_FILE: &str = "clean-stop";
const ASIDE_FILE: &str = "clean-stop.old";
const DRAFT_FILE: &str = "clean-stop.new";

/// The note. Of each journal it says what it is called, how many bytes it holds, and their hash (XXH3), one on a line; of
/// each file of a tree what it is called and how long it is.
pub struct Note {
    dir: PathBuf,
}

impl Note {
    /// Writes down what is in the journals of the store in `dir`, and how long these files of its trees are. Nothing may
    /// be open for writing.
    pub fn write(dir: &Path, files: &[PathBuf]) -> io::Result<()> {
        let tree_dir = tree_dir(dir);
        let mut text = String::new();
        let mut journals: Vec<PathBuf> = Vec::new();
        for file in std::fs::read_dir(&tree_dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "jnl") {
                journals.push(path);
            }
        }
        journals.sort();
        for path in journals {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let bytes = content_bytes(&path)?;
            text.push_str(&format!("{name} {bytes} {:016x}\n", hash(&path, bytes)?));
        }
        for path in files {
            let name = path.strip_prefix(&tree_dir).unwrap_or(path).to_string_lossy();
            text.push_str(&format!("{name} {}\n", std::fs::metadata(path)?.len()));
        }
        // Half a note would be worse than none.
        let draft = dir.join(DRAFT_FILE);
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, dir.join(NOTE_FILE))?;
        File::open(dir)?.sync_all()
    }

    /// The note that the last stop has left in `dir`, if it was a clean one; an error when a file has lost something
    /// since.
    pub fn check(dir: &Path) -> Result<Option<Note>, OpenError> {
        let path = dir.join(NOTE_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => compare(&path, &text, &tree_dir(dir)).map(|()| Some(Note { dir: dir.to_owned() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::new(&path, &error)),
        }
    }

    /// Puts the note aside.
    pub fn put_aside(&self) -> io::Result<()> {
        std::fs::rename(self.dir.join(NOTE_FILE), self.dir.join(ASIDE_FILE))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Puts the note back in its place, for when nothing has come of the start; unless the start has changed the files.
    pub fn put_back(self) -> io::Result<()> {
        let path = self.dir.join(ASIDE_FILE);
        if compare(&path, &std::fs::read_to_string(&path)?, &tree_dir(&self.dir)).is_err() {
            return self.throw_away();
        }
        std::fs::rename(path, self.dir.join(NOTE_FILE))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Throws the note away, for when the store is open.
    pub fn throw_away(self) -> io::Result<()> {
        std::fs::remove_file(self.dir.join(ASIDE_FILE))
    }
}

/// Compares the files in `tree_dir` with the note `text`, which is in the file `path`.
fn compare(path: &Path, text: &str, tree_dir: &Path) -> Result<(), OpenError> {
    let malformed = || OpenError::new(path, &"it is malformed");
    for line in text.lines() {
        let mut words = line.split(' ');
        let (name, bytes, expected) = (words.next(), words.next(), words.next());
        let file = tree_dir.join(name.ok_or_else(malformed)?);
        let bytes: u64 = bytes.and_then(|bytes| bytes.parse().ok()).ok_or_else(malformed)?;
        let cut_short = || {
            OpenError::new(
                &file,
                &format!("it has been cut short: it held {bytes} bytes when the server stopped"),
            )
        };
        let Some(expected) = expected else {
            let found = std::fs::metadata(&file).map_err(|error| OpenError::new(&file, &error))?;
            if found.len() < bytes {
                return Err(cut_short());
            }
            continue;
        };
        let expected = u64::from_str_radix(expected, 16).map_err(|_| malformed())?;
        match hash(&file, bytes) {
            Ok(found) if found == expected => {}
            Ok(_) => {
                return Err(OpenError::new(&file, &"it is damaged: it is not as the last stop has left it"));
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(cut_short()),
            Err(error) => return Err(OpenError::new(&file, &error)),
        }
    }
    Ok(())
}

/// How many bytes there are before the zeros that the LSM database has laid out for more.
fn content_bytes(path: &Path) -> io::Result<u64> {
    let (mut read, mut content) = (0, 0);
    for_each_chunk(path, u64::MAX, |chunk| {
        if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
            content = read + last as u64 + 1;
        }
        read += chunk.len() as u64;
    })?;
    Ok(content)
}

/// The hash of the first so many bytes; an error when there are fewer.
fn hash(path: &Path, bytes: u64) -> io::Result<u64> {
    let mut hasher = Xxh3::new();
    let read = for_each_chunk(path, bytes, |chunk| hasher.update(chunk))?;
    if read < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(hasher.digest()) }
}
