//! What a clean stop leaves: a note of what is in the journals.
//!
//! The LSM database takes a journal that ends too early for what a crash has left, and goes on with what comes before.
//! After a clean stop that would hide a loss. So a note is written then, and the next start reads it: every journal
//! has to begin with what it held. A start puts the note aside, since from then on the journals grow, and back when
//! nothing comes of it; by renaming, which works on a full disk too.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::open::OpenError;
use crate::store::tree_dir;

const NOTE_FILE: &str = "clean-stop";
const ASIDE_FILE: &str = "clean-stop.old";
const DRAFT_FILE: &str = "clean-stop.new";

/// The note, which says of each journal what it is called, how many bytes it holds, and their hash (XXH3), one on a
/// line.
pub struct Note {
    dir: PathBuf,
}

impl Note {
    /// Writes down what is in the journals of the store in `dir`, of which nothing may be open.
    pub fn write(dir: &Path) -> io::Result<()> {
        let mut text = String::new();
        let mut journals: Vec<PathBuf> = Vec::new();
        for file in std::fs::read_dir(tree_dir(dir))? {
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
        // Half a note would be worse than none.
        let draft = dir.join(DRAFT_FILE);
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, dir.join(NOTE_FILE))?;
        File::open(dir)?.sync_all()
    }

    /// The note that the last stop has left in `dir`, if it was a clean one; an error when a journal has lost
    /// something since.
    pub fn check(dir: &Path) -> Result<Option<Note>, OpenError> {
        let path = dir.join(NOTE_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::new(&path, &error)),
        };
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let expected = match words[..] {
                [name, bytes, hash] => {
                    bytes.parse().ok().zip(u64::from_str_radix(hash, 16).ok()).map(|known| (name, known))
                }
                _ => None,
            };
            let Some((name, (bytes, expected))) = expected else {
                return Err(OpenError::new(&path, &"it is malformed"));
            };
            let journal = tree_dir(dir).join(name);
            match hash(&journal, bytes) {
                Ok(found) if found == expected => {}
                Ok(_) => {
                    return Err(OpenError::new(
                        &journal,
                        &"this journal is not as the last stop has left it: it is damaged",
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    let reason = format!(
                        "this journal has been cut short: it held {bytes} bytes when the server stopped"
                    );
                    return Err(OpenError::new(&journal, &reason));
                }
                Err(error) => return Err(OpenError::new(&journal, &error)),
            }
        }
        Ok(Some(Note { dir: dir.to_owned() }))
    }

    /// Puts the note aside.
    pub fn put_aside(&self) -> io::Result<()> {
        std::fs::rename(self.dir.join(NOTE_FILE), self.dir.join(ASIDE_FILE))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Puts the note back in its place, for when nothing has come of the start.
    pub fn put_back(&self) -> io::Result<()> {
        std::fs::rename(self.dir.join(ASIDE_FILE), self.dir.join(NOTE_FILE))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Throws the note away, for when the store is open.
    pub fn throw_away(self) -> io::Result<()> {
        std::fs::remove_file(self.dir.join(ASIDE_FILE))
    }
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

fn for_each_chunk(path: &Path, bytes_max: u64, mut visit: impl FnMut(&[u8])) -> io::Result<u64> {
    const CHUNK_BYTES: usize = 1 << 20;
    let mut file = File::open(path)?.take(bytes_max);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut total = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(total),
            Ok(read) => {
                visit(&chunk[..read]);
                total += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
