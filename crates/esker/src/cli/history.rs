//! The lines that are remembered, and those that never are.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::typed;

/// How many lines are kept.
pub const LINES_MAX: usize = 1000;

/// Nobody else may read what was typed.
const MODE: u32 = 0o600;

/// Where lines are remembered: where `ESKER_HISTFILE` says, or in the home directory; nowhere if it is empty or
/// `/dev/null`.
pub fn path() -> Option<PathBuf> {
    let named = std::env::var_os("ESKER_HISTFILE").map(PathBuf::from);
    let path = named.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".esker_history")))?;
    (!path.as_os_str().is_empty() && path != Path::new("/dev/null")).then_some(path)
}

/// Sees to it that the file is there and only its owner reads it.
pub fn prepare(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))
}

/// Whether the line holds a password, or may do so.
pub fn is_secret(line: &str) -> bool {
    let words = match typed::parse(line.as_bytes()) {
        Some(typed) => typed.words,
        // A quote that was left open hides nothing.
        None => {
            line.replace(['"', '\''], " ").split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
        }
    };
    let is = |index: usize, name: &str| {
        words.get(index).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    let any = |name: &str| words.iter().skip(1).any(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    is(0, "auth")
        || (is(0, "hello") && any("auth"))
        || (is(0, "acl") && is(1, "setuser"))
        || (is(0, "migrate") && (any("auth") || any("auth2")))
        || (is(0, "config") && is(1, "set") && words.iter().skip(2).any(|word| is_sensitive(word)))
}

/// Whether the directive's value is a secret.
fn is_sensitive(directive: &[u8]) -> bool {
    let known = config::directive(&directive.to_ascii_lowercase());
    known.is_some_and(|(directive, _)| directive.traits.sensitive)
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn passwords_are_not_remembered() {
        for line in [
            "AUTH secret",
            "  auth me secret",
            "2 AUTH secret",
            "AUTH \"open",
            "HELLO 3 AUTH me secret",
            "hello 3 setname n auth me secret",
            "CONFIG SET requirepass secret",
            "config set timeout 1 RequirePass secret",
            "CONFIG SET masterauth secret",
            "ACL SETUSER me on >secret",
            "MIGRATE h 1 k 0 5 AUTH secret",
            "\"AUTH\" secret",
        ] {
            assert!(is_secret(line), "{line}");
        }
        for line in
            ["", "GET auth", "HELLO 3", "CONFIG GET requirepass", "CONFIG SET timeout 1", "SET \"open"]
        {
            assert!(!is_secret(line), "{line}");
        }
    }
}
