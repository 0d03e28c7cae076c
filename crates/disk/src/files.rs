//! Reading files that may be larger than memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Has `visit` see the first so many bytes of a file, some at a time; returns how many there were.
pub fn for_each_chunk(path: &Path, bytes_max: u64, mut visit: impl FnMut(&[u8])) -> io::Result<u64> {
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
