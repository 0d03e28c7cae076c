//! When a list, or a chunk of one, is full: Redis' rule, in the bytes that Redis would take.
//!
//! `list-max-listpack-size` is a number of bytes of Redis' listpack or of elements. For `OBJECT ENCODING` to change
//! where Redis changes it, lists keep count of what their elements would take there
//! (<https://github.com/antirez/listpack>).

use base::number::parse_i64;

/// The header and the end of a listpack.
const LISTPACK_BYTES: usize = 7;
/// What Redis takes an entry's lengths to be before it knows, when it looks for room.
const ENTRY_OVERHEAD_BYTES: usize = 8;
/// Where elements are counted, so many bytes are full all the same.
const COUNTED_BYTES_MAX: usize = 8192;
const SIZES_BYTES: [usize; 5] = [4096, 8192, 16_384, 32_768, 65_536];

/// The bytes that a listpack takes for `element`.
#[inline]
pub fn listpack_entry_bytes(element: &[u8]) -> usize {
    let encoded = match parse_i64(element) {
        Some(0..=127) => 1,
        Some(-4096..=4095) => 2,
        Some(-32_768..=32_767) => 3,
        Some(-8_388_608..=8_388_607) => 4,
        Some(-2_147_483_648..=2_147_483_647) => 5,
        Some(_) => 9,
        None => match element.len() {
            len @ 0..64 => 1 + len,
            len @ 64..4096 => 2 + len,
            len => 5 + len,
        },
    };
    let back_length = match encoded {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    encoded + back_length
}

/// How much a chunk may hold.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// Bytes of a listpack.
    Bytes(usize),
    /// Elements.
    Count(usize),
}

impl Limit {
    /// What `list-max-listpack-size` says.
    pub fn of(list_packed_size_max: i64) -> Limit {
        match usize::try_from(list_packed_size_max) {
            Ok(count) => Limit::Count(count.max(1)),
            Err(_) => {
                let size = list_packed_size_max.unsigned_abs().min(SIZES_BYTES.len() as u64) as usize;
                Limit::Bytes(SIZES_BYTES[size - 1])
            }
        }
    }

    /// Bytes above which a chunk is full, however its elements are counted.
    pub fn bytes(self) -> usize {
        match self {
            Limit::Bytes(bytes) => bytes,
            Limit::Count(_) => COUNTED_BYTES_MAX,
        }
    }

    /// Whether `count` elements, of which `listpack_bytes` are known, are too many for one chunk.
    pub fn exceeded_by(self, listpack_bytes: usize, count: usize) -> bool {
        let bytes = listpack_bytes + LISTPACK_BYTES;
        match self {
            Limit::Bytes(most) => bytes > most,
            Limit::Count(most) => bytes > COUNTED_BYTES_MAX || count > most,
        }
    }

    /// Whether a chunk that holds `count` elements has no room for another of `len` bytes.
    #[inline]
    pub fn refuses(self, listpack_bytes: usize, count: usize, len: usize) -> bool {
        self.exceeded_by(listpack_bytes + len + ENTRY_OVERHEAD_BYTES, count + 1)
    }

    /// Whether an element of `len` bytes gets a chunk of its own.
    #[inline]
    pub fn is_large(self, len: usize) -> bool {
        len > self.bytes()
    }

    /// Whether a list of one chunk is so small that it may as well be packed again. While it is `shrinking` it
    /// must be below half of the limit, so that it does not go back and forth.
    pub fn allows_packed(self, listpack_bytes: usize, count: usize, shrinking: bool) -> bool {
        let share = if shrinking { 2 } else { 1 };
        match self {
            Limit::Bytes(most) => listpack_bytes + LISTPACK_BYTES <= most / share,
            Limit::Count(most) => count <= most / share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_documented_ones() {
        let bytes = [-1, -2, -3, -4, -5, -6, i64::MIN].map(|size| Limit::of(size).bytes());
        assert_eq!(bytes, [4096, 8192, 16_384, 32_768, 65_536, 65_536, 65_536]);
        assert!(matches!((Limit::of(0), Limit::of(128)), (Limit::Count(1), Limit::Count(128))));
    }

    #[test]
    fn entries_take_what_the_listpack_format_says() {
        let cases: [(&[u8], usize); 12] = [
            (b"", 2),
            (b"0", 2),
            (b"127", 2),
            (b"128", 3),
            (b"-4096", 3),
            (b"-4097", 4),
            (b"32768", 5),
            (b"2147483647", 6),
            (b"2147483648", 10),
            (b"01", 4),
            (&[b'x'; 63], 65),
            (&[b'x'; 64], 67),
        ];
        for (element, bytes) in cases {
            assert_eq!(listpack_entry_bytes(element), bytes, "{element:?}");
        }
        assert_eq!(listpack_entry_bytes(&[b'x'; 126]), 130);
        assert_eq!(listpack_entry_bytes(&[b'x'; 4096]), 4103);
    }
}
