//! redis-py as its users use it: every program in `python/` talks to a server of its own.
//!
//! The Python is the one that `ESKER_TEST_PYTHON` names, or `python3`; without the `redis`
//! package the test passes over itself.

mod harness;

use harness::{Server, find_program, pass_over, run_to_end};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A Python that has the `redis` package.
fn python() -> Option<PathBuf> {
    let python =
        std::env::var_os("ESKER_TEST_PYTHON").map(PathBuf::from).or_else(|| find_program("python3"))?;
    let imports = Command::new(&python).args(["-c", "import redis"]).stderr(Stdio::null()).status();
    imports.is_ok_and(|status| status.success()).then_some(python)
}

fn check(program: &str) {
    let Some(python) = python() else { return pass_over("no Python with the redis package") };
    let server = Server::start(&[]);
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(program))
        .arg(server.port().to_string())
        .arg(server.unix_socket())
        // Compiled files would stay in the source tree.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let (success, text) = run_to_end(&mut command, b"", Duration::from_secs(60));
    assert!(success, "{text}");
}

#[test]
fn data_make_the_round_trip() {
    check("data.py");
}

#[test]
fn conversations_go_as_with_redis() {
    check("conversation.py");
}
