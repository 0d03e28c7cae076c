//! Where the measuring is done: the program, its folders on disk, and how it is started.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::load::{Load, Run};
use crate::bench::servers::{Program, Server};
use crate::bench::{CLIENT_CORE, SERVER_CORE};

use super::options::Options;
use super::quiet;

/// A cache that holds everything of the databases that are to fit it.
pub const CACHE_BYTES: u64 = 3 << 30;
/// Connections that redis-benchmark opens where nothing else is said.
pub const CLIENTS: usize = 50;
/// Commands that each sends at once.
pub const PIPELINE: usize = 16;
/// Bytes of the values of strings.
pub const VALUE_BYTES: usize = 128;
/// How long one run of redis-benchmark may take.
const RUN_TIME_MAX: Duration = Duration::from_secs(300);

/// What all questions share.
pub struct Site {
    esker: Program,
    /// What is asked for.
    pub options: Options,
    scratch: PathBuf,
    folders: PathBuf,
}

/// A folder for the files of one server, removed with all that is in it when the value goes.
pub struct Folder(PathBuf);

/// Bytes that files take on disk.
pub struct DiskBytes {
    /// Those of the journals.
    pub journals: u64,
    /// Those of everything else.
    pub others: u64,
}

impl Site {
    /// Makes a site in `scratch`, and removes what a run that was cut off has left there.
    pub fn clear(esker: Program, scratch: PathBuf, options: Options) -> io::Result<Site> {
        let folders = scratch.join("disk");
        match fs::remove_dir_all(&folders) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&folders)?;
        Ok(Site { esker, options, scratch, folders })
    }

    /// Where the files are, and how large what is measured is, as lines of a list.
    pub fn describe(&self) -> io::Result<String> {
        let output =
            Command::new("df").args(["--output=fstype,avail", "-B1G"]).arg(&self.folders).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut words = text.lines().nth(1).unwrap_or_default().split_whitespace();
        let (kind, free) = (words.next().unwrap_or("unknown"), words.next().unwrap_or("?"));
        let Options { keys, rounds, .. } = self.options;
        Ok(format!(
            "- files on {kind}, {free} GB free; {keys} keys, collections of {} elements, {rounds} rounds\n",
            self.options.elements()
        ))
    }

    /// Bytes free where the folders are.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let output = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.folders).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let free = text.lines().nth(1).and_then(|line| line.trim().parse().ok());
        free.ok_or_else(|| io::Error::other("df does not say how much is free"))
    }

    /// An empty folder.
    pub fn folder(&self, name: &str) -> io::Result<Folder> {
        let path = self.folders.join(name);
        fs::create_dir(&path)?;
        Ok(Folder(path))
    }

    /// Starts Esker with the engine on disk, its files in `folder`, one worker, and a cache that is hard to fill.
    pub fn start(&self, folder: &Folder) -> io::Result<Server> {
        self.start_with(folder, &["--disk-cache-size", &CACHE_BYTES.to_string()])
    }

    /// The same with these `arguments`.
    pub fn start_with(&self, folder: &Folder, arguments: &[&str]) -> io::Result<Server> {
        self.start_on(folder, 1, &[SERVER_CORE], arguments)
    }

    /// The same with so many workers on `cores`.
    pub fn start_on(
        &self,
        folder: &Folder,
        workers: usize,
        cores: &[usize],
        arguments: &[&str],
    ) -> io::Result<Server> {
        let dir = folder.0.to_string_lossy();
        let arguments = [&["--engine", "disk", "--dir", &dir], arguments].concat();
        self.esker.start_with(&self.scratch, workers, cores, &arguments)
    }

    /// Starts Esker with the engine in memory and one worker.
    pub fn start_in_memory(&self) -> io::Result<Server> {
        self.esker.start(&self.scratch, 1, &[SERVER_CORE])
    }

    /// Runs redis-benchmark with the usual connections, pipelined; the requests a second.
    pub fn send(
        &self,
        server: &Server,
        load: Load<'_>,
        requests: usize,
        key_count: usize,
    ) -> io::Result<f64> {
        self.send_on(server, load, requests, key_count, &[CLIENT_CORE])
    }

    /// The same with redis-benchmark on `cores`.
    pub fn send_on(
        &self,
        server: &Server,
        load: Load<'_>,
        requests: usize,
        key_count: usize,
        cores: &[usize],
    ) -> io::Result<f64> {
        self.run(
            server,
            &Run {
                load,
                requests,
                clients: CLIENTS,
                pipeline: PIPELINE,
                value_bytes: VALUE_BYTES,
                key_count,
                options: &[],
                cores,
                time_max: RUN_TIME_MAX,
            },
        )
    }

    /// Runs redis-benchmark without pipelining, on so many connections; the requests a second.
    pub fn send_singly(
        &self,
        server: &Server,
        load: Load<'_>,
        requests: usize,
        key_count: usize,
        clients: usize,
    ) -> io::Result<f64> {
        self.run(
            server,
            &Run {
                load,
                requests,
                clients,
                pipeline: 1,
                value_bytes: VALUE_BYTES,
                key_count,
                options: &[],
                cores: &[CLIENT_CORE],
                time_max: RUN_TIME_MAX,
            },
        )
    }

    fn run(&self, server: &Server, run: &Run<'_>) -> io::Result<f64> {
        run.against(server.port, &self.scratch)
    }

    /// Microseconds of CPU time for each of so many requests that redis-benchmark sends, with all that they leave to
    /// do in the background.
    pub fn cpu_of(
        &self,
        server: &Server,
        load: Load<'_>,
        requests: usize,
        key_count: usize,
    ) -> io::Result<f64> {
        quiet::wait_for(server)?;
        let before = server.cpu_time()?;
        self.send(server, load, requests, key_count)?;
        quiet::wait_for(server)?;
        Ok((server.cpu_time()? - before).as_secs_f64() * 1e6 / requests as f64)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.folders);
    }
}

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What its files take.
    pub fn disk_bytes(&self) -> io::Result<DiskBytes> {
        let mut bytes = DiskBytes { journals: 0, others: 0 };
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let about = match fs::symlink_metadata(&path) {
                    // The server removes files while it compacts.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    about => about?,
                };
                if about.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "jnl") {
                    bytes.journals += about.blocks() * 512;
                } else {
                    bytes.others += about.blocks() * 512;
                }
            }
        }
        Ok(bytes)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed with the site.
        let _ = fs::remove_dir_all(&self.0);
    }
}
