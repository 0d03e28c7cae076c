//! How large values may become and up to which size a collection is held packed: Redis' directives, under the
//! field's newer names.

/// The sizes at which the forms change or end. The defaults are Redis 7.2's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `hash-max-listpack-entries`
    pub hash_packed_entries_max: usize,
    /// `hash-max-listpack-value`, in bytes of a field or a value
    pub hash_packed_value_bytes_max: usize,
    /// `list-max-listpack-size`: a positive number counts elements, -1 to -5 stand for 4 to 64 KiB
    pub list_packed_size_max: i64,
    /// `set-max-intset-entries`
    pub set_integers_max: usize,
    /// `set-max-listpack-entries`
    pub set_packed_entries_max: usize,
    /// `set-max-listpack-value`, in bytes of a member
    pub set_packed_value_bytes_max: usize,
    /// `zset-max-listpack-entries`
    pub zset_packed_entries_max: usize,
    /// `zset-max-listpack-value`, in bytes of a member
    pub zset_packed_value_bytes_max: usize,
    /// `stream-node-max-bytes`; 0 is no limit
    pub stream_block_bytes_max: usize,
    /// `stream-node-max-entries`; 0 is no limit
    pub stream_block_entries_max: usize,
    /// `hll-sparse-max-bytes`
    pub hyperloglog_sparse_bytes_max: usize,
    /// `proto-max-bulk-len`: how long a string may become by editing
    pub string_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            hash_packed_entries_max: 512,
            hash_packed_value_bytes_max: 64,
            list_packed_size_max: -2,
            set_integers_max: 512,
            set_packed_entries_max: 128,
            set_packed_value_bytes_max: 64,
            zset_packed_entries_max: 128,
            zset_packed_value_bytes_max: 64,
            stream_block_bytes_max: 4096,
            stream_block_entries_max: 100,
            hyperloglog_sparse_bytes_max: 3000,
            string_bytes_max: 512 * 1024 * 1024,
        }
    }
}
