//! The process: its place, its threads, its log, its end.

use std::path::PathBuf;

use super::group;
use crate::ShutdownFlags;
use crate::Support::{self, Ignored, Supported};
use crate::kind::choice::{ShutdownWords, YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, integer};
use crate::kind::oom_scores::OomScores;
use crate::kind::text::{text, text_where, title_template};
use crate::kind::working_dir::WorkingDir;

/// How many worker threads may run.
pub const IO_THREADS_MAX: usize = 1024;

/// The least and the greatest `hz`; a value beyond is taken as the nearest of them.
pub const HZ_RANGE: (u32, u32) = (1, 500);

const NO_SYSLOG: Support = Ignored("the log goes to standard output or to `logfile`");
const NO_AFFINITY: Support = Ignored("threads run on whichever cores the kernel picks");
const NO_OOM_SCORE: Support = Ignored("the kernel's score for the process is left alone");
const NO_TITLE: Support = Ignored("the title of the process is left alone");
const NO_CRASH_LOG: Support = Ignored("a crash is reported by the runtime");

choices! {
    /// What is worth a line in the log (`loglevel`).
    LogLevel {
        /// Everything, for finding faults.
        Debug = "debug",
        /// Much of what is rarely useful.
        Verbose = "verbose",
        /// What one wants to see in production.
        Notice = "notice",
        /// Only what is important or wrong.
        Warning = "warning",
        /// Nothing at all.
        Nothing = "nothing",
    }

    /// Who started the server and waits to hear that it is ready (`supervised`).
    Supervision {
        /// Upstart, by a signal.
        Upstart = "upstart",
        /// systemd, by its socket.
        Systemd = "systemd",
        /// Whichever the environment shows.
        Auto = "auto",
        /// Nobody.
        No = "no",
    }

    /// The facility of lines sent to syslog (`syslog-facility`).
    SyslogFacility {
        /// LOG_USER.
        User = "user",
        /// LOG_LOCAL0.
        Local0 = "local0",
        /// LOG_LOCAL1.
        Local1 = "local1",
        /// LOG_LOCAL2.
        Local2 = "local2",
        /// LOG_LOCAL3.
        Local3 = "local3",
        /// LOG_LOCAL4.
        Local4 = "local4",
        /// LOG_LOCAL5.
        Local5 = "local5",
        /// LOG_LOCAL6.
        Local6 = "local6",
        /// LOG_LOCAL7.
        Local7 = "local7",
    }

    /// Whether the kernel's out-of-memory score of the process is set (`oom-score-adj`).
    OomScoreAdjustment {
        /// It is left alone.
        No = "no",
        /// It is set relative to what it was at the start.
        Relative = "yes" | "relative",
        /// It is set as given.
        Absolute = "absolute",
    }
}

group! {
    /// The process: its place, its threads, its log, its end.
    Process in process, defaults on host;

    /// Detach from the terminal and run in the background.
    "daemonize" [immutable] => daemonize: bool = false, YesNo,
        Ignored("the server stays in the foreground: let a service manager run it");

    /// Tell a service manager when the server is ready.
    "supervised" [immutable] => supervised: Supervision = Supervision::No, one_of(),
        Ignored("no service manager is told that the server is ready");

    /// File that holds the process id while the server runs.
    "pidfile" [immutable] => pidfile: Option<PathBuf> = None, text(), Supported;

    /// Directory where data files go and where relative paths begin.
    "dir" [protected] => dir: PathBuf = host.working_dir.clone(), WorkingDir, Supported;

    /// Number of databases that SELECT chooses from.
    "databases" [immutable] => databases: u32 = 16, integer(1, INT_MAX), Supported;

    /// Worker threads that read, execute and write; by default one for each core.
    "io-threads" [immutable] => io_threads: usize = host.cores.clamp(1, IO_THREADS_MAX),
        integer(1, IO_THREADS_MAX), Supported;

    /// Let the threads read and parse as well.
    "io-threads-do-reads" => io_threads_do_reads: bool = false, YesNo,
        Ignored("every worker thread reads, executes and writes");

    /// How often background work runs, in times per second.
    "hz" => hz: u32 = 10, integer(0, INT_MAX).clamped(HZ_RANGE.0, HZ_RANGE.1), Supported;

    /// Run background work more often while many clients are connected.
    "dynamic-hz" => dynamic_hz: bool = true, YesNo, Supported;

    /// What is worth a line in the log.
    "loglevel" => loglevel: LogLevel = LogLevel::Notice, one_of(), Supported;

    /// File that the log goes to; empty for standard output.
    "logfile" [immutable] => logfile: PathBuf = PathBuf::new(), text(), Supported;

    /// Send the log to syslog as well.
    "syslog-enabled" [immutable] => syslog_enabled: bool = false, YesNo, NO_SYSLOG;

    /// Name of the server in syslog.
    "syslog-ident" [immutable] => syslog_ident: String = "redis".to_owned(), text(), NO_SYSLOG;

    /// Facility of the lines in syslog.
    "syslog-facility" [immutable] => syslog_facility: SyslogFacility = SyslogFacility::Local0, one_of(),
        NO_SYSLOG;

    /// Write what is known into the log when the server crashes.
    "crash-log-enabled" => crash_log_enabled: bool = true, YesNo, NO_CRASH_LOG;

    /// Test the memory when the server crashes.
    "crash-memcheck-enabled" => crash_memcheck_enabled: bool = true, YesNo, NO_CRASH_LOG;

    /// Exit rather than abort when the server finds itself inconsistent.
    "use-exit-on-panic" [hidden] => use_exit_on_panic: bool = false, YesNo, NO_CRASH_LOG;

    /// Milliseconds that one turn of the event loop may take before the watchdog logs it.
    "watchdog-period" [hidden] => watchdog_period_ms: u32 = 0, integer(0, INT_MAX),
        Ignored("there is no watchdog: INFO scheduler shows what holds the workers");

    /// Print the logo at the start even where the output is no terminal.
    "always-show-logo" [immutable] => always_show_logo: bool = false, YesNo, Ignored("there is no logo");

    /// Set the title of the process.
    "set-proc-title" [immutable] => set_proc_title: bool = true, YesNo, NO_TITLE;

    /// What the title of the process shows.
    "proc-title-template" => proc_title_template: String = "{title} {listen-addr} {server-mode}".to_owned(),
        text_where(title_template), NO_TITLE;

    /// Locale by which SORT ALPHA compares.
    "locale-collate" => locale_collate: String = String::new(), text(),
        Ignored("text is compared byte by byte");

    /// Checks of the system whose warnings do not stop the start.
    "ignore-warnings" => ignore_warnings: String = String::new(), text(),
        Ignored("no check of the system stops the start");

    /// Turn off transparent huge pages for the process.
    "disable-thp" [immutable] => disable_thp: bool = true, YesNo,
        Ignored("the kernel's setting for huge pages is left alone");

    /// Set the kernel's out-of-memory score of the process.
    "oom-score-adj" => oom_score_adj: OomScoreAdjustment = OomScoreAdjustment::No, one_of(), NO_OOM_SCORE;

    /// Out-of-memory scores of a primary, a replica and a saving child.
    "oom-score-adj-values" => oom_score_adj_values: [i32; 3] = [0, 200, 800], OomScores, NO_OOM_SCORE;

    /// Cores that the server's threads run on.
    "server_cpulist" [immutable] => server_cpulist: Option<String> = None, text(), NO_AFFINITY;

    /// Cores that background threads run on.
    "bio_cpulist" [immutable] => bio_cpulist: Option<String> = None, text(), NO_AFFINITY;

    /// Cores that the rewriting of the append-only file runs on.
    "aof_rewrite_cpulist" [immutable] => aof_rewrite_cpulist: Option<String> = None, text(), NO_AFFINITY;

    /// Cores that saving in the background runs on.
    "bgsave_cpulist" [immutable] => bgsave_cpulist: Option<String> = None, text(), NO_AFFINITY;

    /// Seconds to wait for replicas to catch up before the server stops.
    "shutdown-timeout" => shutdown_timeout_s: u32 = 10, integer(0, INT_MAX), Supported;

    /// How SIGINT stops the server.
    "shutdown-on-sigint" => shutdown_on_sigint: ShutdownFlags = ShutdownFlags::DEFAULT, ShutdownWords,
        Supported;

    /// How SIGTERM stops the server.
    "shutdown-on-sigterm" => shutdown_on_sigterm: ShutdownFlags = ShutdownFlags::DEFAULT, ShutdownWords,
        Supported;
}
