//! What FUNCTION DUMP writes and FUNCTION RESTORE reads: the libraries' texts as a `dump.rdb` holds them, then the
//! version of that format and a checksum.
//!
//! ```text
//! [245, length, text]... version: 2 bytes, CRC-64: 8 bytes
//! ```

use commands::{Error, Result};

/// The version of the format that Redis 7.2 writes.
const VERSION: u16 = 11;

const FUNCTION_PRE_GA: u8 = 246;
const FUNCTION: u8 = 245;

/// The version and the checksum.
const FOOTER_BYTES: usize = 10;

/// The payload with these texts.
pub(crate) fn dump<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    for text in texts {
        payload.push(FUNCTION);
        write_length(text.len(), &mut payload);
        payload.extend_from_slice(text);
    }
    payload.extend(VERSION.to_le_bytes());
    payload.extend(crc64(&payload).to_le_bytes());
    payload
}

/// The texts in a payload.
pub(crate) fn restore(payload: &[u8]) -> Result<Vec<&[u8]>> {
    const WRONG: Error = Error::fixed("ERR DUMP payload version or checksum are wrong");
    const DAMAGED: Error = Error::fixed("ERR failed loading the given functions payload");
    let end = payload.len().checked_sub(FOOTER_BYTES).ok_or(WRONG)?;
    let (body, footer) = payload.split_at(end);
    let (version, checksum) = footer.split_at(2);
    let version = u16::from_le_bytes(version.try_into().map_err(|_| WRONG)?);
    let checksum = u64::from_le_bytes(checksum.try_into().map_err(|_| WRONG)?);
    if version > VERSION || checksum != 0 && checksum != crc64(&payload[..end + 2]) {
        return Err(WRONG);
    }
    let mut texts = Vec::new();
    let mut rest = body;
    while let [kind, after @ ..] = rest {
        match *kind {
            FUNCTION => {}
            FUNCTION_PRE_GA => return Err(Error::new("Pre-GA function format not supported")),
            _ => return Err(Error::new("given type is not a function")),
        }
        let (len, after) = read_length(after).ok_or(DAMAGED)?;
        let (text, after) = after.split_at_checked(len).ok_or(DAMAGED)?;
        texts.push(text);
        rest = after;
    }
    Ok(texts)
}

/// Lengths take 1, 2, 5 or 9 bytes; the first two bits say which.
fn write_length(len: usize, to: &mut Vec<u8>) {
    match len {
        0..=63 => to.push(len as u8),
        64..=0x3fff => to.extend([0x40 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            to.push(0x80);
            to.extend((len as u32).to_be_bytes());
        }
        _ => {
            to.push(0x81);
            to.extend((len as u64).to_be_bytes());
        }
    }
}

fn read_length(from: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = from.split_first()?;
    match first >> 6 {
        0 => Some((usize::from(first & 63), rest)),
        1 => {
            let (second, rest) = rest.split_first()?;
            Some((usize::from(first & 63) << 8 | usize::from(*second), rest))
        }
        2 if *first == 0x80 => {
            let (len, rest) = rest.split_first_chunk()?;
            Some((usize::try_from(u32::from_be_bytes(*len)).ok()?, rest))
        }
        2 if *first == 0x81 => {
            let (len, rest) = rest.split_first_chunk()?;
            Some((usize::try_from(u64::from_be_bytes(*len)).ok()?, rest))
        }
        _ => None,
    }
}

/// CRC-64 with the polynomial of D. Jones, bits reflected, from 0: as Redis computes it.
fn crc64(bytes: &[u8]) -> u64 {
    /// The polynomial 0xad93d23594c935a9, reflected.
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dumped_is_restored_and_what_is_damaged_is_not() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca, "the check value of Redis' crc64.c");
        let texts = [vec![b'a'; 3], vec![b'b'; 100], vec![b'c'; 20_000]];
        let payload = dump(texts.iter().map(Vec::as_slice));
        assert_eq!(restore(&payload), Ok(texts.iter().map(Vec::as_slice).collect()));
        for at in (0..payload.len()).step_by(97) {
            let mut damaged = payload.clone();
            damaged[at] ^= 1;
            assert!(restore(&damaged).is_err(), "{at}");
            assert!(restore(&payload[..at]).is_err());
        }
        let mut unchecked = [246, 1, b'x', 11, 0].to_vec();
        unchecked.extend([0; 8]);
        assert_eq!(restore(&unchecked), Err(Error::new("Pre-GA function format not supported")));
    }
}
