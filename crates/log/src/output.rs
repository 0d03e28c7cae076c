//! The file that the stream is written to, and the one that comes next.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::stream::Stream;

/// Where bytes of the stream go.
#[derive(Default)]
pub(crate) struct Output {
    /// The file that is written; without one everything is thrown away.
    pub file: Option<Arc<File>>,
    /// The file that is written behind the next cut.
    pub next: Option<Arc<File>>,
    /// Files that are written no more and may not be on disk yet.
    pub former: Vec<Arc<File>>,
    /// What is to be written.
    unwritten: Vec<u8>,
    /// How much of that belongs to `file`, if the rest belongs to `next`.
    cut: Option<usize>,
    /// The offset in the stream behind `unwritten`.
    end: u64,
}

/// Memory for what is to be written is kept up to this size.
const UNWRITTEN_BYTES_KEPT: usize = 1024 * 1024;

/// Opens a file to append to, making it if need be.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl Output {
    /// Bytes that are to be written.
    pub fn unwritten_bytes(&self) -> usize {
        self.unwritten.len()
    }

    /// Writes what the stream has and what was left over. Returns the offset up to which all is written, and how many bytes
    /// it was.
    ///
    /// # Errors
    /// What could not be written stays, to be tried again. A file of which only a part of that was written is as long as
    /// before, unless that fails too.
    pub fn write(&mut self, stream: &Stream) -> io::Result<(u64, u64)> {
        let before = self.unwritten.len();
        let taken = stream.take(&mut self.unwritten);
        self.end = taken.end;
        if let Some(cut) = taken.cut {
            self.cut = Some(before + cut);
        }
        let mut written = 0;
        if let Some(cut) = self.cut {
            written += self.write_some(cut)?;
            self.cut = None;
            if let Some(next) = self.next.take() {
                self.former.extend(self.file.replace(next));
            }
        }
        written += self.write_some(self.unwritten.len())?;
        self.unwritten.shrink_to(UNWRITTEN_BYTES_KEPT);
        Ok((self.end, written))
    }

    /// Writes the first `count` bytes to the file.
    fn write_some(&mut self, count: usize) -> io::Result<u64> {
        let Some(file) = self.file.as_deref() else {
            self.unwritten.drain(..count);
            return Ok(0);
        };
        let (result, written) = write_all(file, &self.unwritten[..count]);
        self.unwritten.drain(..written);
        // A cut is where it was, in what is left.
        self.cut = self.cut.map(|cut| cut - written);
        result.map(|()| written as u64)
    }
}

/// Writes all of `bytes`, or else says how many of them are in the file nevertheless.
fn write_all(mut file: &File, bytes: &[u8]) -> (io::Result<()>, usize) {
    let mut written = 0;
    while written < bytes.len() {
        let error = match file.write(&bytes[written..]) {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(count) => {
                written += count;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => error,
        };
        let len = file.metadata().map(|metadata| metadata.len());
        let shortened = written == 0 || len.and_then(|len| file.set_len(len - written as u64)).is_ok();
        return (Err(error), if shortened { 0 } else { written });
    }
    (Ok(()), written)
}
