//! When values change from a packed form to an indexed one.

use super::group;
use crate::Support::{Ignored, Supported};
use crate::kind::number::{INT_MAX, LLONG_MAX, LONG_MAX, integer, memory};

group! {
    /// When values change from a packed form to an indexed one. A value is packed while it is within all
    /// limits of its type.
    Encodings in encodings, defaults on host;

    /// Fields that a packed hash may have.
    "hash-max-listpack-entries" | "hash-max-ziplist-entries" => hash_packed_entries_max: usize = 512,
        integer(0, LONG_MAX), Supported;

    /// Bytes that a field or value in a packed hash may have.
    "hash-max-listpack-value" | "hash-max-ziplist-value" => hash_packed_value_bytes_max: usize = 64,
        memory(0, LONG_MAX), Supported;

    /// Size of a packed list: so many elements, or 4, 8, 16, 32 or 64 KiB for -1 to -5.
    "list-max-listpack-size" | "list-max-ziplist-size" => list_packed_size: i32 = -2,
        integer(i32::MIN, i32::MAX), Supported;

    /// Nodes at both ends of a list that are not compressed; 0 compresses none.
    "list-compress-depth" => list_compress_depth: u32 = 0, integer(0, INT_MAX),
        Ignored("lists are not compressed");

    /// Members that a set of integers may have.
    "set-max-intset-entries" => set_intset_entries_max: usize = 512, integer(0, LONG_MAX), Supported;

    /// Members that a packed set may have.
    "set-max-listpack-entries" => set_packed_entries_max: usize = 128, integer(0, LONG_MAX), Supported;

    /// Bytes that a member of a packed set may have.
    "set-max-listpack-value" => set_packed_value_bytes_max: usize = 64, integer(0, LONG_MAX), Supported;

    /// Members that a packed sorted set may have.
    "zset-max-listpack-entries" | "zset-max-ziplist-entries" => zset_packed_entries_max: usize = 128,
        integer(0, LONG_MAX), Supported;

    /// Bytes that a member of a packed sorted set may have.
    "zset-max-listpack-value" | "zset-max-ziplist-value" => zset_packed_value_bytes_max: usize = 64,
        memory(0, LONG_MAX), Supported;

    /// Bytes that a sparse HyperLogLog may have, its header included.
    "hll-sparse-max-bytes" => hll_sparse_bytes_max: usize = 3000, memory(0, LONG_MAX), Supported;

    /// Bytes that one node of a stream may have; 0 for no limit.
    "stream-node-max-bytes" => stream_node_bytes_max: usize = 4096, memory(0, LONG_MAX), Supported;

    /// Entries that one node of a stream may have; 0 for no limit.
    "stream-node-max-entries" => stream_node_entries_max: u64 = 100, integer(0, LLONG_MAX), Supported;
}
