//! `dir`: where relative paths begin and data files go.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Kind, Prior, Problem, RewriteLine, only};
use crate::directive::Syntax;
use crate::{files, line};

/// An existing directory; a relative one is found from the directory before it. The one kind that asks
/// the file system: Redis refuses a missing directory where the directive stands.
pub(crate) struct WorkingDir;

impl Kind for WorkingDir {
    type Value = PathBuf;

    fn syntax(&self) -> Syntax {
        Syntax::Form("<directory>")
    }

    fn parse(&self, arguments: &[Vec<u8>], prior: Prior<'_, PathBuf>) -> Result<PathBuf, Problem> {
        let requested = OsStr::from_bytes(only(arguments)?);
        files::existing_directory(prior.value, requested).map_err(|error| files::describe(&error).into())
    }

    fn render(&self, value: &PathBuf) -> Vec<u8> {
        value.as_os_str().as_bytes().to_vec()
    }

    /// Always written, so that the file means the same wherever the server is started next.
    fn rewrite(&self, name: &str, value: &PathBuf, _: &PathBuf) -> Vec<RewriteLine> {
        vec![RewriteLine::new(name, line::quote(&self.render(value)), true)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn a_directory_that_exists() {
        let root = PathBuf::from("/");
        assert_eq!(parse_new(&WorkingDir, &root, "/"), Ok(root.clone()));
        assert_eq!(parse_new(&WorkingDir, &root, "dev/.."), Ok(root.clone()));
        for missing in ["/no/such/directory", "''"] {
            assert_eq!(parse_new(&WorkingDir, &root, missing).unwrap_err(), "No such file or directory");
        }
        assert_eq!(parse_new(&WorkingDir, &root, "/dev/null").unwrap_err(), "Not a directory");
        assert_eq!(WorkingDir.rewrite("dir", &root, &root), [RewriteLine::new("dir", "\"/\"", true)]);
    }
}
