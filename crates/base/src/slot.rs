//! The slot of a key: CRC16 of its hash tag, modulo 16,384, as Redis Cluster has it.
//!
//! The checksum is CRC-16/XMODEM (polynomial 0x1021, initial value 0, no reflection, no final xor). It is
//! computed for every key of every command, so it takes eight bytes a step ("slicing by 8": M. E. Kounavis and
//! F. L. Berry, *A Systematic Approach to Building High Performance Software-based CRC Generators*, 2005) and
//! looks for the hash tag's brace in the same pass.

/// How many slots the keyspace has.
pub const SLOTS: usize = 16_384;

/// The slot of `key`, below [`SLOTS`].
///
/// ```
/// assert_eq!(base::slot::slot(b"foo"), 12_182);
/// assert_eq!(base::slot::slot(b"{foo}.bar"), 12_182);
/// ```
#[inline]
pub fn slot(key: &[u8]) -> u16 {
    let (crc, has_brace) = checksum(key);
    let crc = if has_brace { crc16(hash_tag(key)) } else { crc };
    crc % SLOTS as u16
}

/// The part of `key` that decides its slot: what stands between the first `{` and the first `}` after it, or
/// the whole key when one of them is missing or nothing is between them.
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else { return key };
    let after = &key[open + 1..];
    match after.iter().position(|&byte| byte == b'}') {
        None | Some(0) => key,
        Some(length) => &after[..length],
    }
}

/// CRC-16/XMODEM of `bytes`.
#[inline]
pub fn crc16(bytes: &[u8]) -> u16 {
    checksum(bytes).0
}

/// The checksum of `bytes` and whether a `{` is among them.
#[inline]
fn checksum(bytes: &[u8]) -> (u16, bool) {
    // The initial value is zero, so leading zero bytes change nothing: the odd bytes go first, in a word of
    // their own that is filled up with zeros, and only whole words follow.
    let odd = bytes.len() % 8;
    let first = match bytes.first_chunk::<8>() {
        _ if odd == 0 => 0,
        Some(word) => u64::from_be_bytes(*word) >> (64 - 8 * odd),
        None => bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let mut brace = brace_mask(first);
    let mut crc = if odd == 0 { 0 } else { append(0, first) };
    let (words, _) = bytes[odd..].as_chunks::<8>();
    for &word in words {
        let word = u64::from_be_bytes(word);
        brace |= brace_mask(word);
        crc = append(crc, word);
    }
    (crc, brace != 0)
}

/// The checksum of what `crc` stands for followed by the eight bytes of `word`, the highest first.
#[inline]
fn append(crc: u16, word: u64) -> u16 {
    let word = (word ^ u64::from(crc) << 48).to_be_bytes();
    let part = |byte: usize| TABLES[7 - byte][usize::from(word[byte])];
    (part(0) ^ part(1)) ^ (part(2) ^ part(3)) ^ ((part(4) ^ part(5)) ^ (part(6) ^ part(7)))
}

/// Zero when none of the eight bytes of `word` is a `{` (S. E. Anderson, *Bit Twiddling Hacks*, "zero byte").
#[inline]
fn brace_mask(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let difference = word ^ (ONES * b'{' as u64);
    difference.wrapping_sub(ONES) & !difference & (ONES << 7)
}

/// `TABLES[n][byte]` is the checksum of `byte` followed by `n` zero bytes.
static TABLES: [[u16; 256]; 8] = tables();

const fn tables() -> [[u16; 256]; 8] {
    const POLYNOMIAL: u16 = 0x1021;
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = crc << 8 ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, bit by bit.
    fn crc16_by_bits(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0, |crc, &byte| {
            (0..8)
                .fold(crc ^ u16::from(byte) << 8, |crc, _| crc << 1 ^ if crc >> 15 == 1 { 0x1021 } else { 0 })
        })
    }

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b""), 0);
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        let bytes: Vec<u8> = (0..100u32).map(|i| (i * 167 + 13) as u8).collect();
        for start in 0..8 {
            for end in start..bytes.len() {
                let part = &bytes[start..end];
                assert_eq!(crc16(part), crc16_by_bits(part), "{start}..{end}");
            }
        }
    }

    #[test]
    fn a_brace_is_seen_at_every_place() {
        for length in 1..40 {
            for at in 0..length {
                let mut key = vec![b'z'; length];
                assert!(!checksum(&key).1);
                key[at] = b'{';
                assert!(checksum(&key).1, "{at} of {length}");
            }
        }
        let others: Vec<u8> = (0..=255).filter(|&byte| byte != b'{').collect();
        assert!(!checksum(&others).1);
    }

    #[test]
    fn the_hash_tag_is_what_redis_cluster_says() {
        let cases: [(&[u8], &[u8]); 12] = [
            (b"key", b"key"),
            (b"", b""),
            (b"{user1000}.following", b"user1000"),
            (b"foo{}{bar}", b"foo{}{bar}"),
            (b"foo{{bar}}zap", b"{bar"),
            (b"foo{bar}{zap}", b"bar"),
            (b"foo{bar", b"foo{bar"),
            (b"foo}bar{", b"foo}bar{"),
            (b"}{a}", b"a"),
            (b"{}", b"{}"),
            (b"{", b"{"),
            (b"{\xff\0}", b"\xff\0"),
        ];
        for (key, tag) in cases {
            assert_eq!(hash_tag(key), tag, "{}", key.escape_ascii());
            assert_eq!(slot(key), crc16_by_bits(tag) % SLOTS as u16, "{}", key.escape_ascii());
        }
    }

    #[test]
    fn slots_as_cluster_keyslot_replies() {
        for (key, expected) in [("foo", 12_182), ("bar", 5_061), ("hello", 866), ("", 0), ("somekey", 11_058)]
        {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }
}
