//! Writing a file.

use std::io::{self, Write};

use super::opcode;
use crate::Version;
use crate::checksum::Checksum;
use crate::wire::{write_length, write_string};

/// A file in the making, which goes to `W` in pieces as large as they are handed over: what buffers is the caller's
/// choice.
pub struct Writer<W> {
    out: W,
    /// `None` where the file is to have none.
    checksum: Option<Checksum>,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// A file of this version, with a checksum at its end or, with `rdbchecksum no`, without.
    pub fn new(out: W, version: Version, has_checksum: bool) -> io::Result<Writer<W>> {
        let mut writer = Writer { out, checksum: has_checksum.then(Checksum::new), written: 0 };
        writer.put(format!("REDIS{:04}", version.number()).as_bytes())?;
        Ok(writer)
    }

    /// How many bytes were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Says something of the file, as Redis does: `redis-ver`, `redis-bits`, `ctime`, `used-mem`, `aof-base`,
    /// `repl-stream-db`, `repl-id`, `repl-offset`. Readers pass over names that they do not know.
    pub fn aux(&mut self, name: &str, value: &[u8]) -> io::Result<()> {
        let mut bytes = vec![opcode::AUX];
        write_string(name.as_bytes(), false, &mut bytes);
        write_string(value, false, &mut bytes);
        self.put(&bytes)
    }

    /// A function library.
    pub fn function(&mut self, text: &[u8]) -> io::Result<()> {
        let mut bytes = vec![opcode::FUNCTION];
        write_string(text, true, &mut bytes);
        self.put(&bytes)
    }

    /// Says that the records that follow are of this database.
    pub fn database(&mut self, index: u16) -> io::Result<()> {
        let mut bytes = vec![opcode::DATABASE];
        write_length(index.into(), &mut bytes);
        self.put(&bytes)
    }

    /// Says about how many keys the database has, and how many of them have a deadline.
    pub fn sizes(&mut self, keys: u64, deadlines: u64) -> io::Result<()> {
        let mut bytes = vec![opcode::SIZES];
        write_length(keys, &mut bytes);
        write_length(deadlines, &mut bytes);
        self.put(&bytes)
    }

    /// One record or several, as [`encode_key`](super::encode_key) makes them.
    pub fn record(&mut self, record: &[u8]) -> io::Result<()> {
        self.put(record)
    }

    /// Ends the file. What `W` holds back, the caller flushes.
    pub fn finish(mut self) -> io::Result<W> {
        self.put(&[opcode::END])?;
        let checksum = self.checksum.take().map_or(0, |checksum| checksum.value());
        self.put(&checksum.to_le_bytes())?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        if let Some(checksum) = &mut self.checksum {
            checksum.update(bytes);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }
}
