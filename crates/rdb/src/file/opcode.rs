//! The bytes that stand where the type of a value could.

/// Which slot the keys that follow belong to, and how many they are (Redis 8).
pub(crate) const SLOT_INFO: u8 = 244;
/// A function library.
pub(crate) const FUNCTION: u8 = 245;
/// A function library as before Redis 7.0.0.
pub(crate) const FUNCTION_PRE_GA: u8 = 246;
/// What a module keeps beside keys.
pub(crate) const MODULE_AUX: u8 = 247;
/// Seconds since the next key was last used, as a length.
pub(crate) const IDLE: u8 = 248;
/// How often the next key is used: one byte.
pub(crate) const FREQUENCY: u8 = 249;
/// A name and a value that say something of the file.
pub(crate) const AUX: u8 = 250;
/// How many keys a database has, and how many of them have a deadline.
pub(crate) const SIZES: u8 = 251;
/// The next key's deadline in Unix milliseconds: eight bytes.
pub(crate) const DEADLINE_MS: u8 = 252;
/// The next key's deadline in Unix seconds: four bytes.
pub(crate) const DEADLINE_SECONDS: u8 = 253;
/// Which database follows.
pub(crate) const DATABASE: u8 = 254;
/// The end.
pub(crate) const END: u8 = 255;

/// What a module's value and what it keeps beside keys are made of (`rdb.h`, `RDB_MODULE_OPCODE_*`).
pub(crate) mod module {
    /// The end.
    pub const END: u64 = 0;
    /// An integer with sign.
    pub const SIGNED: u64 = 1;
    /// An integer without.
    pub const UNSIGNED: u64 = 2;
    /// Four bytes.
    pub const FLOAT: u64 = 3;
    /// Eight bytes.
    pub const DOUBLE: u64 = 4;
    /// A string.
    pub const STRING: u64 = 5;
}
