//! Whether a journal is damaged, or only ends early as after a crash.
//!
//! The LSM database takes what it cannot read for the end of a journal, cuts it off and goes on. So a bit that has changed in
//! the length of a record would take with it every batch behind that one, in silence; and a batch's number, by which a newer
//! record is told from an older, is not in its checksum. So before a store is opened that was not closed, its journals are
//! read here. One is refused when a batch in it is whole but for its checksum, when whole batches stand behind something
//! that is none, and when a batch has another number than its place.
//!
//! The end of a journal after a power failure is let pass: there nothing follows, or there are zeros where a page was not
//! written. What cannot be told from that is a batch at the very end whose lengths have changed.
//!
//! The format is that of `fjall` 3 (`journal/entry.rs` there), numbers in little-endian:
//!
//! ```text
//! batch   start, items, end
//! start   1 | items u32 | number u64
//! item    2 | kind u8 | compression u8 | tree u64 | key bytes u16 | value bytes u32 | stored bytes u32 | key | stored value
//! clear   4 | tree u64
//! end     3 | XXH3 of the items u64 | "FJL" 3
//! ```

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::open::OpenError;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// The library uses the highest bit for something else.
const NUMBER_MAX: u64 = u64::MAX / 2;

/// As many zeros as there are at least where a page of a file was not written.
const UNWRITTEN_BYTES_MIN: usize = 512;
/// How far behind something that is no batch others are looked for, in bytes.
const LOOKED_THROUGH_BYTES_MAX: u64 = 64 << 20;

/// A batch that is whole.
struct Batch {
    /// Its place in the order of all batches.
    number: u64,
    bytes: u64,
}

/// Why something is no batch.
enum NoBatch {
    /// It looks like one, but is not what was written.
    Damaged(&'static str),
    /// It does not look like one, or ends too early.
    Other,
    Io(io::Error),
}

impl From<io::Error> for NoBatch {
    fn from(error: io::Error) -> NoBatch {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => NoBatch::Other,
            _ => NoBatch::Io(error),
        }
    }
}

/// Looks through the journals in `tree_dir`; an error names the first that is damaged, and where.
pub fn check_journals(tree_dir: &Path) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError::new(tree_dir, &error);
    let files = match std::fs::read_dir(tree_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files.map_err(failed)?,
    };
    let mut journals: Vec<(u64, PathBuf)> = Vec::new();
    for file in files {
        let path = file.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        journals.extend(name.map(|number| (number, path)));
    }
    journals.sort();
    let mut order = Order::default();
    for (_, path) in &journals {
        check(path, &mut order)?;
    }
    Ok(())
}

/// The numbers of the last batches, with the journals that they are in and their places there.
#[derive(Default)]
struct Order(VecDeque<(u64, PathBuf, u64)>);

impl Order {
    /// Notes a batch; returns the one before it if that has another number than its place.
    fn push(&mut self, number: u64, path: &Path, offset: u64) -> Option<(PathBuf, u64)> {
        self.0.push_back((number, path.to_owned(), offset));
        let [(first, ..), (second, path, offset), (third, ..)] = self.0.make_contiguous() else {
            return None;
        };
        // The outer two say which of them it is.
        let is_misplaced =
            first < third && !(*first..*third).contains(second) || first == second && second < third;
        let misplaced = is_misplaced.then(|| (path.clone(), *offset));
        self.0.pop_front();
        misplaced
    }
}

fn check(path: &Path, order: &mut Order) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError::new(path, &error);
    let damaged = |path: &Path, offset: u64, what: &str| {
        OpenError::new(
            path,
            &format!(
                "it is damaged at byte {offset}: {what}. To go on without what was written from there on, cut the file off \
                 there"
            ),
        )
    };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
    let mut offset = 0;
    loop {
        match read_batch(&mut reader) {
            Ok(Batch { number, bytes }) => {
                if let Some((path, offset)) = order.push(number, path, offset) {
                    return Err(damaged(&path, offset, "a batch has another number than its place"));
                }
                offset += bytes;
            }
            Err(NoBatch::Damaged(what)) => return Err(damaged(path, offset, what)),
            Err(NoBatch::Io(error)) => return Err(failed(error)),
            Err(NoBatch::Other) => break,
        }
    }
    let mut rest = Vec::new();
    reader.seek(SeekFrom::Start(offset)).map_err(failed)?;
    reader.take(LOOKED_THROUGH_BYTES_MAX).read_to_end(&mut rest).map_err(failed)?;
    match next_batch(&rest) {
        Some(next) if !has_unwritten(&rest[..next]) => {
            Err(damaged(path, offset, "whole batches stand behind something that is none"))
        }
        _ => {
            let lost = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if lost > 0 {
                tracing::warn!(path = %path.display(), offset, bytes = lost, "A journal ends within a batch, which is left out");
            }
            Ok(())
        }
    }
}

/// Where the first whole batch is in `bytes`, behind their begin.
fn next_batch(bytes: &[u8]) -> Option<usize> {
    let starts = bytes.iter().enumerate().skip(1).filter(|(_, byte)| **byte == START);
    starts.map(|(at, _)| at).find(|at| read_batch(&mut &bytes[*at..]).is_ok())
}

fn has_unwritten(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte != 0).any(|zeros| zeros.len() >= UNWRITTEN_BYTES_MIN)
}

/// Reads a batch that begins where `from` stands.
fn read_batch(from: &mut impl Read) -> Result<Batch, NoBatch> {
    let [START] = take(from)? else { return Err(NoBatch::Other) };
    let items = u32::from_le_bytes(take(from)?);
    let number = u64::from_le_bytes(take(from)?);
    let mut hasher = Xxh3::new();
    let mut bytes = (1 + 4 + 8) as u64;
    for _ in 0..items {
        bytes += read_item(from, &mut hasher)?;
    }
    match take(from)? {
        [END] => {}
        [ITEM | CLEAR] => return Err(NoBatch::Damaged("a batch has more records than it says")),
        _ => return Err(NoBatch::Other),
    }
    let checksum = u64::from_le_bytes(take(from)?);
    if take(from)? != TRAILER {
        return Err(NoBatch::Other);
    }
    if checksum != hasher.digest() {
        return Err(NoBatch::Damaged("the checksum of a batch is wrong"));
    }
    if number > NUMBER_MAX {
        return Err(NoBatch::Damaged("a batch has a number that none can have"));
    }
    Ok(Batch { number, bytes: bytes + 1 + 8 + TRAILER.len() as u64 })
}

/// Reads an item or a clear; returns how long it is.
fn read_item(from: &mut impl Read, hasher: &mut Xxh3) -> Result<u64, NoBatch> {
    let [tag] = take(from)?;
    hasher.update(&[tag]);
    match tag {
        ITEM => {
            let head: [u8; 20] = take(from)?;
            hasher.update(&head);
            let [_kind, _compression, _, _, _, _, _, _, _, _, key @ .., v0, v1, v2, v3] = head;
            let [k0, k1, ..] = key;
            let content =
                u64::from(u16::from_le_bytes([k0, k1])) + u64::from(u32::from_le_bytes([v0, v1, v2, v3]));
            let mut content_reader = from.take(content);
            let mut chunk = [0; 8 << 10];
            let mut left = content;
            while left > 0 {
                let read = match content_reader.read(&mut chunk) {
                    Ok(0) => return Err(NoBatch::Other),
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(NoBatch::Io(error)),
                };
                hasher.update(&chunk[..read]);
                left -= read as u64;
            }
            Ok(1 + head.len() as u64 + content)
        }
        CLEAR => {
            let tree: [u8; 8] = take(from)?;
            hasher.update(&tree);
            Ok(1 + 8)
        }
        END => Err(NoBatch::Damaged("a batch has fewer records than it says")),
        _ => Err(NoBatch::Other),
    }
}

fn take<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(number: u64, records: &[(&str, &str)]) -> Vec<u8> {
        let mut items = Vec::new();
        for (key, value) in records {
            items.extend([ITEM, 0, 0]);
            items.extend(7_u64.to_le_bytes());
            items.extend((key.len() as u16).to_le_bytes());
            items.extend([value.len() as u32; 2].map(u32::to_le_bytes).concat());
            items.extend([key.as_bytes(), value.as_bytes()].concat());
        }
        items.push(CLEAR);
        items.extend(8_u64.to_le_bytes());
        let mut hasher = Xxh3::new();
        hasher.update(&items);
        let mut batch = vec![START];
        batch.extend((records.len() as u32 + 1).to_le_bytes());
        batch.extend(number.to_le_bytes());
        batch.extend(items);
        batch.push(END);
        batch.extend(hasher.digest().to_le_bytes());
        batch.extend(TRAILER);
        batch
    }

    fn batches() -> Vec<Vec<u8>> {
        let records = [("key", "a value\x01"), ("other", "")];
        [10, 11, 12, 13].map(|number| batch(number, &records)).to_vec()
    }

    /// What is said of journals with these bytes.
    fn said(journals: &[&[u8]]) -> Result<(), String> {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        for (number, bytes) in journals.iter().enumerate() {
            std::fs::write(directory.path().join(format!("{number}.jnl")), bytes).expect("it can be written");
        }
        check_journals(directory.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_ends_anywhere_is_not_damaged() {
        let whole = batches().concat();
        for cut in 0..=whole.len() {
            assert_eq!(said(&[&whole[..cut]]), Ok(()), "cut at {cut}");
            assert_eq!(said(&[&whole[..cut], &batch(50, &[])]), Ok(()), "cut at {cut}, and another journal");
        }
        assert_eq!(said(&[&[&whole[..], &[0; 10_000]].concat()]), Ok(()));
    }

    #[test]
    fn a_page_that_was_not_written_is_not_damage() {
        let mut whole =
            [batch(1, &[]), batch(2, &[]), batch(3, &[("key", &"x".repeat(5000))]), batch(4, &[])];
        let begin = whole[0].len();
        // All of the second and the beginning of the third are missing.
        whole[1].fill(0);
        whole[2][..4096 - begin].fill(0);
        assert_eq!(said(&[&whole.concat()]), Ok(()));
    }

    #[test]
    fn a_flipped_bit_is_found_but_at_the_very_end() {
        let batches = batches();
        let whole = batches.concat();
        let last = whole.len() - batches[3].len();
        let mut found = 0;
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                let said = said(&[&damaged]);
                // The number of the first batch has nothing before it to be compared with, that of the last nothing behind it.
                assert!(said.is_err() || at >= last || (5..13).contains(&at), "byte {at}, bit {bit}");
                if let Err(said) = said {
                    found += 1;
                    assert!(said.contains("0.jnl") && said.contains("damaged at byte"), "{said}");
                }
            }
        }
        assert!(found > last * 8, "{found} of {}", whole.len() * 8);
    }
}
