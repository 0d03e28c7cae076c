//! Other programs that tests run: found on PATH, and bounded in time.

use super::temporary_directory;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The program called `name`, where PATH has one.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|program| program.is_file())
}

/// Runs `command` with `input` to its end, which must come within `limit`: whether it succeeded,
/// and all that it wrote.
#[track_caller]
pub fn run_to_end(command: &mut Command, input: &[u8], limit: Duration) -> (bool, String) {
    // Files, since nobody reads a pipe while we wait.
    let directory = temporary_directory();
    let [input_path, output_path] = ["input", "output"].map(|name| directory.path().join(name));
    File::create(&input_path).and_then(|mut file| file.write_all(input)).expect("the input can be stored");
    let output = File::create(&output_path).expect("the output can be stored");
    let mut child = command
        .stdin(File::open(&input_path).expect("it was just written"))
        .stdout(output.try_clone().expect("a file can be duplicated"))
        .stderr(Stdio::from(output))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().expect("our child can be asked") {
            break Some(status);
        }
        if Instant::now() > end {
            child.kill().expect("our child runs");
            child.wait().expect("our child can be waited for");
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = String::from_utf8_lossy(&fs::read(&output_path).unwrap_or_default()).into_owned();
    let Some(status) = status else { panic!("{command:?} does not end within {limit:?}:\n{text}") };
    (status.success(), text)
}
