//! Lengths and strings, written.
//!
//! ```text
//!  00LLLLLL                        a length below 64
//!  01LLLLLL LLLLLLLL               below 16,384
//!  10000000 4 bytes, big-endian    below 2^32
//!  10000001 8 bytes, big-endian
//!  110000xx                        no length, but of a string: an integer in 1, 2 or 4 bytes, little-endian (0, 1, 2),
//!                                  or LZF (3): the compressed length, the length, the compressed bytes
//! ```

pub(crate) mod stream;

use base::number::parse_i64;

use crate::lzf;

pub(crate) const LENGTH_32: u8 = 0x80;
pub(crate) const LENGTH_64: u8 = 0x81;
pub(crate) const INTEGER_8: u8 = 0xc0;
pub(crate) const INTEGER_16: u8 = 0xc1;
pub(crate) const INTEGER_32: u8 = 0xc2;
pub(crate) const LZF: u8 = 0xc3;

/// Shorter strings are not compressed, and longer ones neither: the compressor counts in 32 bits.
const COMPRESSED_BYTES: std::ops::Range<usize> = 21..u32::MAX as usize;
/// Compression must save so much, or the string is written as it is.
const SAVED_BYTES_MIN: usize = 4;
/// No integer of 32 bits has more characters.
const INTEGER_CHARACTERS_MAX: usize = 11;

/// Appends a length, or another number of that writing.
pub(crate) fn write_length(len: u64, out: &mut Vec<u8>) {
    match len {
        0..=0x3f => out.push(len as u8),
        0x40..=0x3fff => out.extend([0x40 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            out.push(LENGTH_32);
            out.extend((len as u32).to_be_bytes());
        }
        _ => {
            out.push(LENGTH_64);
            out.extend(len.to_be_bytes());
        }
    }
}

/// Appends a string, as an integer or compressed where that is shorter.
pub(crate) fn write_string(bytes: &[u8], compress: bool, out: &mut Vec<u8>) {
    if bytes.len() <= INTEGER_CHARACTERS_MAX
        && let Some(integer) = parse_i64(bytes)
        && write_integer(integer, out)
    {
        return;
    }
    if compress && COMPRESSED_BYTES.contains(&bytes.len()) && write_compressed(bytes, out) {
        return;
    }
    write_plain(bytes, out);
}

/// Appends a string as it is.
pub(crate) fn write_plain(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends a string that is an integer, if it has no more than 32 bits, and says so.
pub(crate) fn write_integer(integer: i64, out: &mut Vec<u8>) -> bool {
    if let Ok(integer) = i8::try_from(integer) {
        out.push(INTEGER_8);
        out.extend(integer.to_le_bytes());
    } else if let Ok(integer) = i16::try_from(integer) {
        out.push(INTEGER_16);
        out.extend(integer.to_le_bytes());
    } else if let Ok(integer) = i32::try_from(integer) {
        out.push(INTEGER_32);
        out.extend(integer.to_le_bytes());
    } else {
        return false;
    }
    true
}

fn write_compressed(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    /// The mark and both lengths.
    const HEAD_BYTES: usize = 1 + 5 + 5;
    let start = out.len();
    out.extend([0; HEAD_BYTES]);
    if !lzf::compress(bytes, bytes.len() - SAVED_BYTES_MIN, out) {
        out.truncate(start);
        return false;
    }
    let compressed_len = out.len() - start - HEAD_BYTES;
    let mut head = vec![LZF];
    write_length(compressed_len as u64, &mut head);
    write_length(bytes.len() as u64, &mut head);
    out.splice(start..start + HEAD_BYTES, head);
    true
}
