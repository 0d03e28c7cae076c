//! INFO server.

use super::Fields;
use crate::clock::{unix_ms, unix_us};
use crate::server::Server;

pub(super) fn server(server: &Server, fields: &mut Fields) {
    let settings = server.settings();
    let uptime_s = unix_ms().saturating_sub(server.started_ms) / 1000;
    fields.add("redis_version", crate::REDIS_VERSION);
    fields.add("redis_git_sha1", "00000000");
    fields.add("redis_git_dirty", 0);
    fields.add("redis_build_id", 0);
    fields.add("redis_mode", "standalone");
    fields.add("esker_version", env!("CARGO_PKG_VERSION"));
    fields.add("os", format_args!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    fields.add("arch_bits", usize::BITS);
    fields.add("atomicvar_api", "std");
    fields.add("monotonic_clock", "POSIX clock_gettime");
    fields.add("multiplexing_api", "epoll");
    // Redis says so where another compiler built it.
    fields.add("gcc_version", "0.0.0");
    fields.add("process_id", std::process::id());
    fields.add("process_supervised", "no");
    fields.add("run_id", &server.run_id);
    let (port, tls_port) = (settings.network.port, settings.tls.port);
    fields.add("tcp_port", if port == 0 { tls_port } else { port });
    fields.add("server_time_usec", unix_us());
    fields.add("uptime_in_seconds", uptime_s);
    fields.add("uptime_in_days", uptime_s / (24 * 3600));
    fields.add("hz", settings.process.hz);
    fields.add("configured_hz", settings.process.hz);
    fields.add("lru_clock", (unix_ms() / 1000) & 0xff_ffff);
    let path = |path: std::io::Result<std::path::PathBuf>| {
        path.map(|path| path.display().to_string()).unwrap_or_default()
    };
    fields.add("executable", path(std::env::current_exe()));
    let file = server.config.lock().file().map(|file| file.display().to_string());
    fields.add("config_file", file.unwrap_or_default());
    fields.add("io_threads_active", u8::from(settings.process.io_threads > 1));
    if let Some(left_ms) = server.saves.shutdown_left_ms() {
        fields.add("shutdown_in_milliseconds", left_ms);
    }
}
