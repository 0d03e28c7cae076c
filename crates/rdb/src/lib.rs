//! Redis' snapshot format, RDB: values as bytes, `DUMP` payloads, and files.
//!
//! Read is every version up to [`Version::READ_MAX`], that is what Redis 2.6 to 7.4 and Valkey 8 write; written are the
//! versions of [`Version`]. `docs/rdb.md` lists the forms. The format's source is Redis' `rdb.c`, `rdb.h`, `listpack.c`,
//! `ziplist.c`, `zipmap.c` and `intset.c`.
//!
//! What is read is taken for a stranger's: nothing panics, no length is believed before the bytes that it claims are
//! there, and a collection that says something twice is refused. Damage is named with its offset ([`Damage`]).
//!
//! - [`encode_value`] and [`decode_value`]: a value behind the byte of its type.
//! - [`dump`]: such a value with version and checksum, as `DUMP` gives it; and the same of function libraries.
//! - [`file`]: writing a file record by record, and reading one from a stream that cannot be rewound.

mod checksum;
mod damage;
mod decode;
pub mod dump;
mod encode;
pub mod file;
mod input;
mod lzf;
mod packed;
mod value_type;
mod wire;

pub use checksum::checksum;
pub use damage::{Damage, Flaw};
pub use decode::decode_value;
pub use encode::encode_value;
pub use value_type::ValueType;

/// A version of the format to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// What Redis 7.0 writes and loads. It has no packed sets, no time at which a consumer was last active, and no
    /// deadlines of fields: a hash is written without them.
    V10,
    /// What Redis 7.2 and Valkey 7.2 to 8 write and load. Only Redis 7.4 and newer load a hash of which fields have
    /// deadlines.
    V11,
}

impl Version {
    /// The newest version that is read: Redis 7.4's.
    pub const READ_MAX: u32 = 12;

    /// Its number.
    pub fn number(self) -> u16 {
        match self {
            Version::V10 => 10,
            Version::V11 => 11,
        }
    }
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The version.
    pub version: Version,
    /// Whether strings are compressed with LZF where that makes them smaller: `rdbcompression`.
    pub compress: bool,
}

impl From<Version> for Format {
    /// Redis' default: compressed.
    fn from(version: Version) -> Format {
        Format { version, compress: true }
    }
}
