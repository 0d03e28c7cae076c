//! What the tests share: a directory of their own, and loading from it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use config::{CommandLine, Config, Host, LoadError, Loaded, load};

/// A file with every directive, none at its default.
pub const EVERY_DIRECTIVE: &str = include_str!("fixtures/every_directive.conf");

/// A directory that goes away with the value.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("esker-config-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    /// A directory with these files, each a name and its content.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let directory = Self::new();
        for (name, content) in files {
            directory.write(name, content);
        }
        directory
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub fn host(&self) -> Host {
        Host { cores: 2, working_dir: self.0.clone() }
    }

    /// Loads as a server that was started here with these arguments and this standard input.
    pub fn load_with_stdin(&self, arguments: &[&str], stdin: &str) -> Result<Loaded, LoadError> {
        load(&CommandLine::parse(arguments.iter().map(OsString::from)), &self.host(), stdin.as_bytes())
    }

    pub fn load(&self, arguments: &[&str]) -> Result<Loaded, LoadError> {
        self.load_with_stdin(arguments, "")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// What CONFIG GET answers for one name.
pub fn get(config: &Config, name: &str) -> String {
    let found = config.get(&[name]);
    assert_eq!(found.len(), 1, "{name}");
    String::from_utf8(found[0].1.clone()).unwrap()
}
