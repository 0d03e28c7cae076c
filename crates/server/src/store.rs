//! What the configuration says of the store of databases on disk.

use config::Settings;
use config::table::persistence::AppendFsync;
use keyspace::engine::{StoreSettings, SyncPolicy};

/// The directory, within `dir`, of the databases on disk.
pub const DIR: &str = "disk";

/// What a store may be told while it is open.
pub fn settings(settings: &Settings) -> StoreSettings {
    StoreSettings {
        sync: match settings.persistence.appendfsync {
            AppendFsync::Always => SyncPolicy::Always,
            AppendFsync::Everysec => SyncPolicy::EverySecond,
            AppendFsync::No => SyncPolicy::Never,
        },
        cache_bytes: settings.disk.cache_bytes,
        free_bytes_min: settings.disk.free_bytes_min,
        stream_bytes_max: settings.disk.backlog_bytes,
    }
}
