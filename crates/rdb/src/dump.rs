//! What `DUMP` gives and `RESTORE` takes: a value behind the byte of its type, the version and a checksum; and the same
//! of function libraries, for `FUNCTION DUMP` and `FUNCTION RESTORE`.
//!
//! ```text
//!  +------+-------+---------+----------+
//!  | type | value | version | CRC-64   |   little-endian; a checksum of 0 is none
//!  | 1    |       | 2 bytes | 8 bytes  |
//!  +------+-------+---------+----------+
//! ```

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use values::entry::{Entry, EntryRef, Kind};
use values::limits::Limits;

use crate::checksum::checksum;
use crate::damage::Damage;
use crate::file::opcode;
use crate::input::Input;
use crate::wire::write_plain;
use crate::{Format, Version, decode_value, encode_value};

/// Whether payloads are taken whatever their checksum is: for tests, with payloads that were damaged on purpose
/// (`DEBUG SET-SKIP-CHECKSUM-VALIDATION`).
pub static TAKES_ANY_CHECKSUM: AtomicBool = AtomicBool::new(false);

const VERSION_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 8;

/// Why a payload is not restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is of a newer version than any that is read, or is not what was once written.
    Footer,
    /// What it holds is damaged.
    Damaged(Damage),
    /// It holds a library of before Redis 7.0.0.
    PreGaFunction,
    /// It was to hold libraries, and holds something else.
    NoFunction,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Footer => f.write_str("DUMP payload version or checksum are wrong"),
            Error::Damaged(damage) => damage.fmt(f),
            Error::PreGaFunction => f.write_str("Pre-GA function format not supported"),
            Error::NoFunction => f.write_str("given type is not a function"),
        }
    }
}

impl std::error::Error for Error {}

/// Appends the payload of the value in `entry` to `out`, which need not be empty.
pub fn encode(entry: EntryRef<'_>, format: Format, out: &mut Vec<u8>) {
    let start = out.len();
    encode_value(entry, format, out);
    write_footer(start, format.version, out);
}

/// The value in `payload`, as the value of `key`: see [`decode_value`].
pub fn decode(payload: &[u8], key: &[u8], limits: &Limits) -> Result<Entry, Error> {
    decode_value(body(payload)?, key, limits).map_err(Error::Damaged)
}

/// The payload of function libraries with these texts.
pub fn encode_functions<'a>(texts: impl Iterator<Item = &'a [u8]>, version: Version) -> Vec<u8> {
    let mut payload = Vec::new();
    for text in texts {
        payload.push(opcode::FUNCTION);
        write_plain(text, &mut payload);
    }
    write_footer(0, version, &mut payload);
    payload
}

/// The version of the payload of this value, where `asked` is asked for: a newer one where deadlines of fields would be
/// lost.
pub fn version_of(entry: EntryRef<'_>, asked: Version) -> Version {
    if entry.is_timed() { Version::V11 } else { asked }
}

/// As [`version_of`], for a reader of whom nothing is known: the oldest version, which all load, where nothing of the value
/// needs another.
pub fn oldest_version_of(entry: EntryRef<'_>, asked: Version) -> Version {
    match entry.kind() {
        Kind::Stream => asked,
        _ => version_of(entry, Version::V10),
    }
}

/// The texts of the function libraries in a payload.
pub fn decode_functions(payload: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut input = Input::new(body(payload)?);
    let mut texts = Vec::new();
    while input.left() > 0 {
        match input.byte().map_err(Error::Damaged)? {
            opcode::FUNCTION => {}
            opcode::FUNCTION_PRE_GA => return Err(Error::PreGaFunction),
            _ => return Err(Error::NoFunction),
        }
        texts.push(input.string().map_err(Error::Damaged)?.bytes.into_owned());
    }
    Ok(texts)
}

fn write_footer(start: usize, version: Version, out: &mut Vec<u8>) {
    out.extend(version.number().to_le_bytes());
    let checksum = checksum(out.get(start..).unwrap_or_default());
    out.extend(checksum.to_le_bytes());
}

/// What stands before the footer, which is checked.
fn body(payload: &[u8]) -> Result<&[u8], Error> {
    let (checked, sum) = payload.split_last_chunk::<CHECKSUM_BYTES>().ok_or(Error::Footer)?;
    let (body, version) = checked.split_last_chunk::<VERSION_BYTES>().ok_or(Error::Footer)?;
    let sum = u64::from_le_bytes(*sum);
    let is_known = u32::from(u16::from_le_bytes(*version)) <= Version::READ_MAX;
    let is_right = |sum| sum == checksum(checked) || TAKES_ANY_CHECKSUM.load(Ordering::Relaxed);
    if is_known && (sum == 0 || is_right(sum)) { Ok(body) } else { Err(Error::Footer) }
}
