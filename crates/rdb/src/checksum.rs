//! The checksum behind a file and a payload: CRC-64 with the polynomial of D. Jones, bits reflected, from 0, as Redis'
//! `crc64.c` computes it.

use crc::{CRC_64_REDIS, Crc, Digest, Table};

static REDIS: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// A checksum in the making.
pub(crate) struct Checksum(Digest<'static, u64, Table<16>>);

impl Checksum {
    pub fn new() -> Checksum {
        Checksum(REDIS.digest())
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far.
    pub fn value(&self) -> u64 {
        self.0.clone().finalize()
    }
}

/// The checksum of `bytes`.
pub fn checksum(bytes: &[u8]) -> u64 {
    REDIS.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_redis_in_one_piece_or_many() {
        assert_eq!(checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca, "the check value of Redis' crc64.c");
        let mut pieces = Checksum::new();
        pieces.update(b"1234");
        pieces.value();
        pieces.update(b"56789");
        assert_eq!(pieces.value(), checksum(b"123456789"));
    }
}
