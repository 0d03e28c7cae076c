//! Limits on clients and on what they send.

use super::group;
use crate::Support::Supported;
use crate::kind::buffer_limits::BufferLimits;
use crate::kind::number::{LLONG_MAX, LONG_MAX, MemoryOrPercent, integer, memory};
use crate::{ClientsMemory, OutputBufferLimits};

group! {
    /// Limits on clients and on what they send.
    Clients in clients, defaults on host;

    /// Clients that may be connected at once.
    "maxclients" => clients_max: u32 = 10_000, integer(1, u32::MAX), Supported;

    /// Bytes that one argument of a command may have.
    "proto-max-bulk-len" => bulk_bytes_max: usize = 512 << 20, memory(1 << 20, LONG_MAX), Supported;

    /// Bytes of unexecuted input that one client may hold.
    "client-query-buffer-limit" => query_buffer_bytes_max: usize = 1 << 30, memory(1 << 20, LONG_MAX),
        Supported;

    /// When a client that does not read its replies is closed, for each class of clients.
    "client-output-buffer-limit" => output_buffer_limits: OutputBufferLimits = OutputBufferLimits::DEFAULT,
        BufferLimits, Supported;

    /// Memory that all clients together may use before the largest are closed; 0 for no limit.
    "maxmemory-clients" => memory_max: ClientsMemory = ClientsMemory::Bytes(0), MemoryOrPercent,
        Supported;

    /// Keys that CLIENT TRACKING remembers for all clients; 0 for no limit.
    "tracking-table-max-keys" => tracking_keys_max: usize = 1_000_000, integer(0, LONG_MAX),
        Supported;

    /// Milliseconds after which a running script lets others be told BUSY; 0 never does.
    "busy-reply-threshold" | "lua-time-limit" => busy_reply_threshold_ms: u64 = 5000, integer(0, LLONG_MAX),
        Supported;
}
