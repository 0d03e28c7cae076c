//! What a request may measure, with Redis' names and defaults.

use crate::ProtocolError;

/// How many arguments a client may send before it has authenticated, where it must.
pub const UNAUTHENTICATED_ARGUMENTS_MAX: usize = 10;

/// How long an argument may be before its client has authenticated, where it must.
pub const UNAUTHENTICATED_BULK_BYTES_MAX: usize = 16 * 1024;

/// What a request may measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestLimits {
    /// The longest argument: Redis' `proto-max-bulk-len`. Of no effect on inline requests, as in Redis.
    pub bulk_bytes_max: usize,
    /// The most arguments.
    pub arguments_max: usize,
    /// The longest line, line end aside: an inline request, or the header of a request or of an argument.
    pub inline_bytes_max: usize,
    /// Whether the client has yet to authenticate and is held to [`UNAUTHENTICATED_ARGUMENTS_MAX`] and
    /// [`UNAUTHENTICATED_BULK_BYTES_MAX`] as well.
    pub unauthenticated: bool,
}

impl Default for RequestLimits {
    /// Redis' defaults, for an authenticated client.
    fn default() -> Self {
        Self {
            bulk_bytes_max: 512 * 1024 * 1024,
            arguments_max: i32::MAX as usize,
            inline_bytes_max: 64 * 1024,
            unauthenticated: false,
        }
    }
}

impl RequestLimits {
    /// The longest argument for this client now.
    #[inline]
    pub(crate) fn bulk_bytes_max_now(&self) -> usize {
        if self.unauthenticated {
            self.bulk_bytes_max.min(UNAUTHENTICATED_BULK_BYTES_MAX)
        } else {
            self.bulk_bytes_max
        }
    }

    /// Which limit an argument of this length exceeds.
    #[cold]
    pub(crate) fn too_long(&self, bytes: usize) -> ProtocolError {
        if bytes > self.bulk_bytes_max {
            ProtocolError::InvalidBulkLength
        } else {
            ProtocolError::UnauthenticatedBulkLength
        }
    }
}
