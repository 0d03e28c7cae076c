//! Getting the store's journal onto the disk without anyone waiting who does not ask for it.
//!
//! The store's own way holds the lock that every write takes for as long as the disk takes. Here the file is opened a
//! second time: what one descriptor wrote, the other syncs.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The journal that is being written.
pub struct Journal {
    dir: PathBuf,
    current: Option<(u64, File)>,
}

impl Journal {
    /// The newest journal in `dir`.
    pub fn in_dir(dir: &Path) -> Journal {
        Journal { dir: dir.to_owned(), current: None }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number}.jnl"))
    }

    fn newest(&self) -> io::Result<Option<u64>> {
        let mut newest = None;
        for file in std::fs::read_dir(&self.dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "jnl") {
                let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
                newest = newest.max(number);
            }
        }
        Ok(newest)
    }

    /// Waits until what was written to the journal so far is on disk; says false when there is no file of the expected
    /// name. An older journal is on disk before a newer one begins.
    pub fn sync(&mut self) -> io::Result<bool> {
        let newest = match &self.current {
            // One that is gone may have had followers that are gone too; journals go in the order in which they came.
            Some((number, _)) if self.path(*number).exists() && !self.path(number + 1).exists() => {
                Some(*number)
            }
            _ => self.newest()?,
        };
        let Some(newest) = newest else { return Ok(false) };
        if self.current.as_ref().is_none_or(|(number, _)| *number != newest) {
            self.current = Some((newest, File::open(self.path(newest))?));
        }
        match &self.current {
            Some((_, file)) => file.sync_data().map(|()| true),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The journal that a sync went to, when these are there.
    fn synced(journal: &mut Journal, numbers: &[u64]) -> Option<u64> {
        for file in
            std::fs::read_dir(&journal.dir).expect("it is there").map(|file| file.expect("a file").path())
        {
            std::fs::remove_file(file).expect("it can be removed");
        }
        for number in numbers {
            std::fs::write(journal.path(*number), "").expect("it can be written");
        }
        journal.sync().expect("the disk works");
        journal.current.as_ref().map(|(number, _)| *number)
    }

    #[test]
    fn the_newest_is_synced_whatever_became_of_those_before() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut journal = Journal::in_dir(directory.path());
        assert_eq!(synced(&mut journal, &[]), None);
        assert_eq!(synced(&mut journal, &[1]), Some(1));
        assert_eq!(synced(&mut journal, &[1, 2, 3]), Some(3));
        assert_eq!(synced(&mut journal, &[3]), Some(3));
        assert_eq!(synced(&mut journal, &[5]), Some(5));
    }
}
