//! Reading a file.

use std::fmt;
use std::io::{self, Read};

use values::access::Access;
use values::entry::Entry;
use values::limits::Limits;

use super::opcode;
use super::source::Source;
use crate::Version;
use crate::damage::Damage;
use crate::decode::{decode_value, module_name};
use crate::value_type::ValueType;

/// Older files have no checksum.
const CHECKED_SINCE: u32 = 5;

/// Why a file is not read on.
#[derive(Debug)]
pub enum Error {
    /// It cannot be read.
    Io(io::Error),
    /// It is damaged, or of a version that is not known.
    Damaged(Damage),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(f),
            Error::Damaged(damage) => damage.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// What stands in a file.
#[derive(Debug)]
pub enum Item {
    /// Something said of the file: a name and a value.
    Aux(Vec<u8>, Vec<u8>),
    /// The keys that follow are of this database.
    Database(u64),
    /// About how many keys the database has, and how many of them have a deadline.
    Sizes(u64, u64),
    /// A function library: its text.
    Function(Vec<u8>),
    /// What a module keeps beside keys, which was passed over: the module's type.
    ModuleAux(String),
    /// A key.
    Key(Key),
    /// The end, and whether a checksum said that all was read as it was written.
    End {
        /// False where the file has none.
        is_checked: bool,
    },
}

/// A key in a file, not decoded yet.
#[derive(Debug)]
pub struct Key {
    /// What it is called.
    pub name: Vec<u8>,
    /// When it expires, in Unix milliseconds.
    pub deadline_ms: Option<u64>,
    /// How long before the file was written it was last used.
    pub idle_seconds: Option<u64>,
    /// How often it was used: an LFU counter.
    pub frequency: Option<u8>,
    /// How the value is written.
    pub value_type: ValueType,
    /// The byte of the type, then the value: what [`decode_value`] takes.
    pub value: Vec<u8>,
    /// Where in the file the value begins.
    pub offset: u64,
}

impl Key {
    /// The key with its value and its deadline; it may be one that has passed. Damage has its offset in the file.
    pub fn decode(&self, limits: &Limits) -> Result<Entry, Damage> {
        // The byte of the type stands right before the value here, and before the name in the file.
        let in_file = |damage: Damage| match damage.offset {
            0 => damage.moved(self.offset),
            _ => damage.moved(self.offset.saturating_sub(1)),
        };
        let mut entry = decode_value(&self.value, &self.name, limits).map_err(in_file)?;
        if self.deadline_ms.is_some() {
            entry.set_deadline_ms(self.deadline_ms);
        }
        Ok(entry)
    }

    /// What the file says of the key's use, at a Unix time in milliseconds: for [`EntryRef::touch`].
    ///
    /// [`EntryRef::touch`]: values::entry::EntryRef::touch
    pub fn access(&self, now_ms: u64) -> Option<Access> {
        match (self.frequency, self.idle_seconds) {
            (Some(frequency), _) => Some(Access::counted(now_ms, frequency)),
            (None, Some(seconds)) => Some(Access::at(now_ms.saturating_sub(seconds.saturating_mul(1000)))),
            (None, None) => None,
        }
    }
}

/// A file that is read from its front, from anything that gives bytes: a file, a socket.
///
/// After [`Item::End`] nothing more is read, but more than the file may have been: [`Reader::into_parts`] has it.
pub struct Reader<R> {
    source: Source<R>,
    version: u32,
    /// The key whose value was being read when an error came.
    key: Option<Vec<u8>>,
    end: Option<bool>,
}

impl<R: Read> Reader<R> {
    /// Reads the file's head.
    pub fn new(reader: R) -> Result<Reader<R>, Error> {
        let mut source = Source::new(reader);
        let magic: [u8; 9] = source.array()?;
        let version = match &magic {
            [b'R', b'E', b'D', b'I', b'S', digits @ ..] => {
                std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
            }
            [b'V', b'A', b'L', b'K', b'E', b'Y', ..] => {
                return Err(source.damage(0, "a file of Valkey 9 or newer, which is not read"));
            }
            _ => return Err(source.damage(0, "this is no RDB file")),
        };
        match version {
            Some(version @ 1..=Version::READ_MAX) => Ok(Reader { source, version, key: None, end: None }),
            _ => Err(source.damage(5, "a version of the format that is not known")),
        }
    }

    /// The version of the file.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many bytes of the file were read.
    pub fn position(&self) -> u64 {
        self.source.at()
    }

    /// The key whose value was being read when an error came.
    pub fn key_in_hand(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }

    /// Where the file was read from, and what was read from there that lies behind the file's end.
    pub fn into_parts(self) -> (R, Vec<u8>) {
        self.source.into_parts()
    }

    /// What comes next; once the end has come, the end.
    #[expect(clippy::should_implement_trait, reason = "it fails, and it does not end")]
    pub fn next(&mut self) -> Result<Item, Error> {
        if let Some(is_checked) = self.end {
            return Ok(Item::End { is_checked });
        }
        self.key = None;
        let (mut deadline_ms, mut idle_seconds, mut frequency) = (None, None, None);
        loop {
            let at = self.source.at();
            let source = &mut self.source;
            match source.byte()? {
                opcode::DEADLINE_MS => {
                    deadline_ms = Some(u64::try_from(i64::from_le_bytes(source.array()?)).unwrap_or(0));
                }
                opcode::DEADLINE_SECONDS => {
                    let seconds = u64::try_from(i32::from_le_bytes(source.array()?)).unwrap_or(0);
                    deadline_ms = Some(seconds * 1000);
                }
                opcode::IDLE => idle_seconds = Some(source.length()?),
                opcode::FREQUENCY => frequency = Some(source.byte()?),
                opcode::AUX => return Ok(Item::Aux(source.string()?, source.string()?)),
                opcode::DATABASE => return Ok(Item::Database(source.length()?)),
                opcode::SIZES => return Ok(Item::Sizes(source.length()?, source.length()?)),
                opcode::FUNCTION => return Ok(Item::Function(source.string()?)),
                opcode::FUNCTION_PRE_GA => {
                    return Err(source.damage(at, "a function library of before Redis 7.0.0"));
                }
                opcode::MODULE_AUX => {
                    let id = source.length()?;
                    source.skip_module()?;
                    return Ok(Item::ModuleAux(module_name(id)));
                }
                opcode::SLOT_INFO => {
                    for _ in 0..3 {
                        source.length()?;
                    }
                }
                opcode::END => return self.read_end(at),
                byte => {
                    let Some(value_type) = ValueType::from_byte(byte) else {
                        return Err(source.damage(at, "neither a key nor anything else that is known"));
                    };
                    let name = source.string()?;
                    let offset = source.at();
                    let value = match source.keep(Some(byte), |source| source.skip_value(value_type)) {
                        Ok(value) => value,
                        Err(error) => {
                            self.key = Some(name);
                            return Err(error);
                        }
                    };
                    return Ok(Item::Key(Key {
                        name,
                        deadline_ms,
                        idle_seconds,
                        frequency,
                        value_type,
                        value,
                        offset,
                    }));
                }
            }
        }
    }

    fn read_end(&mut self, at: u64) -> Result<Item, Error> {
        let mut is_checked = false;
        if self.version >= CHECKED_SINCE {
            let computed = self.source.checksum();
            let written = u64::from_le_bytes(self.source.array()?);
            if written != 0 && written != computed {
                return Err(self
                    .source
                    .damage(at + 1, "a checksum that is not that of what was read (CRC error)"));
            }
            is_checked = written != 0;
        }
        self.end = Some(is_checked);
        Ok(Item::End { is_checked })
    }
}
