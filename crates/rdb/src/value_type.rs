//! The types of values: the byte before each.

/// How a value is written. The numbers are the format's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ValueType {
    /// A string.
    String = 0,
    /// A list, string by string.
    List = 1,
    /// A set, string by string.
    Set = 2,
    /// A sorted set whose scores are texts.
    ZSet = 3,
    /// A hash, string by string.
    Hash = 4,
    /// A sorted set whose scores are doubles.
    ZSet2 = 5,
    /// A module's value as before Redis 4.0: it does not say where it ends.
    ModulePreGa = 6,
    /// A module's value.
    Module2 = 7,
    /// A hash as a zipmap: Redis before 2.6.
    HashZipmap = 9,
    /// A list as a ziplist.
    ListZiplist = 10,
    /// A set of integers.
    SetIntset = 11,
    /// A sorted set as a ziplist.
    ZSetZiplist = 12,
    /// A hash as a ziplist.
    HashZiplist = 13,
    /// A list of ziplists.
    ListQuicklist = 14,
    /// A stream.
    StreamListpacks = 15,
    /// A hash as a listpack.
    HashListpack = 16,
    /// A sorted set as a listpack.
    ZSetListpack = 17,
    /// A list of listpacks and of large strings.
    ListQuicklist2 = 18,
    /// A stream that knows how many entries it has ever had.
    StreamListpacks2 = 19,
    /// A set as a listpack.
    SetListpack = 20,
    /// A stream that knows when its consumers were last active.
    StreamListpacks3 = 21,
    /// A hash with deadlines of fields, as before Redis 7.4.0.
    HashMetadataPreGa = 22,
    /// The same as a listpack.
    HashListpackExPreGa = 23,
    /// A hash with deadlines of fields.
    HashMetadata = 24,
    /// The same as a listpack.
    HashListpackEx = 25,
}

const ALL: [ValueType; 25] = {
    use ValueType as T;
    [
        T::String,
        T::List,
        T::Set,
        T::ZSet,
        T::Hash,
        T::ZSet2,
        T::ModulePreGa,
        T::Module2,
        T::HashZipmap,
        T::ListZiplist,
        T::SetIntset,
        T::ZSetZiplist,
        T::HashZiplist,
        T::ListQuicklist,
        T::StreamListpacks,
        T::HashListpack,
        T::ZSetListpack,
        T::ListQuicklist2,
        T::StreamListpacks2,
        T::SetListpack,
        T::StreamListpacks3,
        T::HashMetadataPreGa,
        T::HashListpackExPreGa,
        T::HashMetadata,
        T::HashListpackEx,
    ]
};

impl ValueType {
    /// The type of this number.
    pub fn from_byte(byte: u8) -> Option<ValueType> {
        ALL.into_iter().find(|known| known.byte() == byte)
    }

    /// Its number.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// Its name, as `redis-check-rdb` says it.
    pub fn name(self) -> &'static str {
        match self {
            ValueType::String => "string",
            ValueType::List => "list-linked",
            ValueType::Set => "set-hashtable",
            ValueType::ZSet => "zset-v1",
            ValueType::Hash => "hash-hashtable",
            ValueType::ZSet2 => "zset-v2",
            ValueType::ModulePreGa => "module-pre-release",
            ValueType::Module2 => "module-value",
            ValueType::HashZipmap => "hash-zipmap",
            ValueType::ListZiplist => "list-ziplist",
            ValueType::SetIntset => "set-intset",
            ValueType::ZSetZiplist => "zset-ziplist",
            ValueType::HashZiplist => "hash-ziplist",
            ValueType::ListQuicklist => "quicklist",
            ValueType::StreamListpacks => "stream",
            ValueType::HashListpack => "hash-listpack",
            ValueType::ZSetListpack => "zset-listpack",
            ValueType::ListQuicklist2 => "quicklist-v2",
            ValueType::StreamListpacks2 => "stream-v2",
            ValueType::SetListpack => "set-listpack",
            ValueType::StreamListpacks3 => "stream-v3",
            ValueType::HashMetadataPreGa => "hash-hashtable-md-pre-release",
            ValueType::HashListpackExPreGa => "hash-listpack-md-pre-release",
            ValueType::HashMetadata => "hash-hashtable-md",
            ValueType::HashListpackEx => "hash-listpack-md",
        }
    }
}
