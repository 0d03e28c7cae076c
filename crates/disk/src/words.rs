//! What an error of the LSM database says to someone who does not know it.

use fjall::{Error, LsmError};

/// The error in words.
pub fn of(error: &Error) -> String {
    match error {
        Error::Io(error) | Error::Storage(LsmError::Io(error)) => error.to_string(),
        Error::Storage(LsmError::ChecksumMismatch { .. }) => {
            "a table is damaged: a checksum is wrong".to_owned()
        }
        Error::Storage(LsmError::Unrecoverable) | Error::Unrecoverable => {
            "a table is damaged or missing".to_owned()
        }
        Error::Storage(error) => format!("a table is damaged: {error}"),
        Error::Locked => "another process uses it".to_owned(),
        Error::Poisoned => "a flush or a compaction has failed".to_owned(),
        Error::JournalRecovery(error) => format!("its journal is damaged: {error}"),
        Error::InvalidVersion(version) => {
            format!("its tables are of a format that this program does not read ({version:?})")
        }
        error => format!("it is damaged: {error}"),
    }
}
