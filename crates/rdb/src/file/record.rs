//! One key in a file.

use values::access::Counting;
use values::entry::EntryRef;

use super::opcode;
use crate::Format;
use crate::encode::encode_value_named;
use crate::wire::write_length;

/// What a record says of the use of its key: what the policy of eviction goes by, and nothing else, as with Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Nothing.
    Untold,
    /// How long ago the last one was, at this Unix time.
    Idle {
        /// Unix time in milliseconds.
        now_ms: u64,
    },
    /// How often it is used, at this Unix time.
    Frequency {
        /// Unix time in milliseconds.
        now_ms: u64,
        /// How uses are counted.
        counting: Counting,
    },
}

/// Appends the record of the key in `entry`: its deadline, its use, its name and its value. It stands in a file as it
/// is, behind the number of its database: see [`Writer::record`](super::Writer::record).
///
/// The record depends on nothing else, so records can be made by anyone at any time and be put together later.
pub fn encode_key(entry: EntryRef<'_>, format: Format, usage: Usage, out: &mut Vec<u8>) {
    if let Some(deadline_ms) = entry.deadline_ms() {
        out.push(opcode::DEADLINE_MS);
        out.extend(deadline_ms.to_le_bytes());
    }
    match usage {
        Usage::Untold => {}
        Usage::Idle { now_ms } => {
            out.push(opcode::IDLE);
            write_length(entry.accessed().idle_seconds(now_ms), out);
        }
        Usage::Frequency { now_ms, counting } => {
            out.push(opcode::FREQUENCY);
            out.push(entry.accessed().frequency(now_ms, counting));
        }
    }
    encode_value_named(entry, format, Some(entry.key()), out);
}
