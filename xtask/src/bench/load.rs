//! redis-benchmark, the load generator: one run of it against a server.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process;

/// What redis-benchmark sends.
#[derive(Clone, Copy)]
pub enum Load<'a> {
    /// One of its own tests.
    Test(&'a str),
    /// A command as it stands, but for `__rand_int__`.
    Command(&'a [&'a str]),
}

/// One run.
pub struct Run<'a> {
    /// What is sent.
    pub load: Load<'a>,
    /// How often, by all clients together.
    pub requests: usize,
    /// Connections.
    pub clients: usize,
    /// Commands that a connection sends before it waits for the replies.
    pub pipeline: usize,
    /// Bytes of the values of its own tests.
    pub value_bytes: usize,
    /// `__rand_int__` stands for a number below this.
    pub key_count: usize,
    /// More options.
    pub options: &'a [String],
    /// Where it runs.
    pub cores: &'a [usize],
    /// How long it may take.
    pub time_max: Duration,
}

impl Run<'_> {
    /// Runs redis-benchmark against the server on `port`, its output going to a file in `scratch`. Returns
    /// the requests a second that it reports.
    pub fn against(&self, port: u16, scratch: &Path) -> io::Result<f64> {
        let log_path = scratch.join("redis-benchmark.log");
        let log = File::create(&log_path)?;
        let mut command = Command::new("redis-benchmark");
        command
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-c", &self.clients.to_string(), "-d", &self.value_bytes.to_string()])
            .args(["-r", &self.key_count.to_string(), "-n", &self.requests.to_string()])
            .args(["-P", &self.pipeline.to_string(), "--csv"])
            .args(self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        match self.load {
            Load::Test(name) => command.args(["-t", name]),
            Load::Command(words) => command.args(words),
        };
        let succeeded = wait(process::confine(&mut command, self.cores).spawn()?, self.time_max)?;
        let said = std::fs::read_to_string(log_path)?;
        let rate = requests_per_second(&said).filter(|_| succeeded && !said.contains("Error"));
        rate.ok_or_else(|| {
            let last = said.rsplit(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or("nothing");
            io::Error::other(format!("redis-benchmark failed, saying {last:?}"))
        })
    }
}

/// The second field of the last line: the lines are `"name","requests a second",...`. The name may hold commas.
fn requests_per_second(said: &str) -> Option<f64> {
    let line = said.lines().rfind(|line| line.starts_with('"'))?;
    let fields: Vec<_> = line.split("\",\"").collect();
    fields.get(1)?.trim_matches('"').parse().ok()
}

/// Waits until `child` has ended, and ends it when it takes too long. Whether it succeeded.
fn wait(mut child: Child, time_max: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + time_max;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "redis-benchmark did not come to its end"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_second_field() {
        let said = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"1234.50\",\"0.1\"\n";
        assert_eq!(requests_per_second(said), Some(1234.5));
        assert_eq!(requests_per_second("\"test\",\"rps\"\n"), None);
        assert_eq!(requests_per_second("Could not connect\n"), None);
    }
}
