//! Passing over values without decoding them.

use std::io::Read;

use super::Error;
use super::opcode::module;
use super::source::Source;
use crate::value_type::ValueType;

/// What stands behind each other, so many times.
#[derive(Clone, Copy)]
enum Part {
    String,
    Length,
    Bytes(u64),
    /// A text behind its length in one byte, of which the three highest stand for themselves.
    ScoreText,
}

impl<R: Read> Source<R> {
    /// Passes over a value of this type.
    pub fn skip_value(&mut self, value_type: ValueType) -> Result<(), Error> {
        use ValueType as T;
        match value_type {
            T::String
            | T::HashZipmap
            | T::ListZiplist
            | T::SetIntset
            | T::ZSetZiplist
            | T::HashZiplist
            | T::HashListpack
            | T::ZSetListpack
            | T::SetListpack
            | T::HashListpackExPreGa => self.skip_string(),
            T::List | T::Set | T::ListQuicklist => self.skip_repeated(&[Part::String]),
            T::Hash => self.skip_repeated(&[Part::String, Part::String]),
            T::ZSet => self.skip_repeated(&[Part::String, Part::ScoreText]),
            T::ZSet2 => self.skip_repeated(&[Part::String, Part::Bytes(8)]),
            T::ListQuicklist2 => self.skip_repeated(&[Part::Length, Part::String]),
            T::HashMetadataPreGa => self.skip_repeated(&[Part::Length, Part::String, Part::String]),
            T::HashMetadata => {
                self.skip(8)?;
                self.skip_repeated(&[Part::Length, Part::String, Part::String])
            }
            T::HashListpackEx => {
                self.skip(8)?;
                self.skip_string()
            }
            T::StreamListpacks => self.skip_stream(1),
            T::StreamListpacks2 => self.skip_stream(2),
            T::StreamListpacks3 => self.skip_stream(3),
            T::Module2 => {
                self.length()?;
                self.skip_module()
            }
            T::ModulePreGa => Err(self.damage(self.at(), "a module's value of before Redis 4.0")),
        }
    }

    fn skip_part(&mut self, part: Part) -> Result<(), Error> {
        match part {
            Part::String => self.skip_string(),
            Part::Length => self.length().map(drop),
            Part::Bytes(len) => self.skip(len),
            Part::ScoreText => match self.byte()? {
                253.. => Ok(()),
                len => self.skip(len.into()),
            },
        }
    }

    fn skip_repeated(&mut self, parts: &[Part]) -> Result<(), Error> {
        for _ in 0..self.length()? {
            for part in parts {
                self.skip_part(*part)?;
            }
        }
        Ok(())
    }

    fn skip_stream(&mut self, form: u8) -> Result<(), Error> {
        self.skip_repeated(&[Part::String, Part::String])?;
        // Length and last id; first id, greatest deleted id and entries added.
        for _ in 0..if form >= 2 { 8 } else { 3 } {
            self.length()?;
        }
        for _ in 0..self.length()? {
            self.skip_string()?;
            for _ in 0..if form >= 2 { 3 } else { 2 } {
                self.length()?;
            }
            self.skip_repeated(&[Part::Bytes(16), Part::Bytes(8), Part::Length])?;
            for _ in 0..self.length()? {
                self.skip_string()?;
                self.skip(if form >= 3 { 16 } else { 8 })?;
                self.skip_repeated(&[Part::Bytes(16)])?;
            }
        }
        Ok(())
    }

    /// Passes over what a module has written, up to its end.
    pub fn skip_module(&mut self) -> Result<(), Error> {
        loop {
            let at = self.at();
            match self.length()? {
                module::END => return Ok(()),
                module::SIGNED | module::UNSIGNED => self.length().map(drop)?,
                module::FLOAT => self.skip(4)?,
                module::DOUBLE => self.skip(8)?,
                module::STRING => self.skip_string()?,
                _ => return Err(self.damage(at, "a module's data of no known kind")),
            }
        }
    }
}
