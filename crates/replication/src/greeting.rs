//! The primary's end: what a replica tells of itself, and whether it may go on where it was.

use std::fmt;
use std::ops::RangeInclusive;

use crate::history::{History, ReplicationId};

/// What a replica has told of itself by `REPLCONF`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// The port that it listens on; 0 when it has not said.
    pub listening_port: u16,
    /// Where it wants to be found, if not where it comes from.
    pub address: Option<String>,
    /// It knows the end of a snapshot that is not announced with its length (`capa eof`).
    pub takes_unmeasured: bool,
    /// It can learn that its primary goes by another name (`capa psync2`).
    pub takes_names: bool,
    /// Its version, if it has said.
    pub version: Option<String>,
    /// It wants the snapshot and nothing after it (`rdb-only`).
    pub wants_snapshot_only: bool,
}

/// Why an option of `REPLCONF` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GreetingError {
    /// There is no such option.
    Unknown(String),
    /// The value is no number, or out of range.
    NotAnInteger,
    /// The address is longer than any is.
    AddressTooLong(usize),
}

impl fmt::Display for GreetingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(option) => write!(f, "ERR Unrecognized REPLCONF option: {option}"),
            Self::NotAnInteger => write!(f, "ERR value is not an integer or out of range"),
            Self::AddressTooLong(bytes) => {
                write!(f, "ERR REPLCONF ip-address provided by replica instance is too long: {bytes} bytes")
            }
        }
    }
}

impl std::error::Error for GreetingError {}

impl Greeting {
    /// Whether it has said that it is at least of this version.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self.version.iter().flat_map(|version| version.split('.')).map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        (next(), next()) >= (major, minor)
    }

    /// Takes in one option with its value.
    ///
    /// # Errors
    /// When the option is unknown or its value makes no sense. A capability that is unknown is none.
    pub fn take(&mut self, option: &[u8], value: &[u8]) -> Result<(), GreetingError> {
        const ADDRESS_BYTES_MAX: usize = 255;
        let number = || base::number::parse_i64(value).ok_or(GreetingError::NotAnInteger);
        match option.to_ascii_lowercase().as_slice() {
            b"listening-port" => {
                self.listening_port = u16::try_from(number()?).map_err(|_| GreetingError::NotAnInteger)?;
            }
            b"ip-address" if value.len() > ADDRESS_BYTES_MAX => {
                return Err(GreetingError::AddressTooLong(value.len()));
            }
            b"ip-address" => {
                let address = String::from_utf8_lossy(value).into_owned();
                self.address = (!address.is_empty()).then_some(address);
            }
            b"capa" if value.eq_ignore_ascii_case(b"eof") => self.takes_unmeasured = true,
            b"capa" if value.eq_ignore_ascii_case(b"psync2") => self.takes_names = true,
            b"capa" => {}
            b"version" => self.version = Some(String::from_utf8_lossy(value).into_owned()),
            b"rdb-only" => self.wants_snapshot_only = number()? != 0,
            _ => return Err(GreetingError::Unknown(String::from_utf8_lossy(option).into_owned())),
        }
        Ok(())
    }
}

/// Why a replica has to begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It asked to.
    Asked,
    /// What it has followed is not, or not so far, what this server has.
    OtherHistory,
    /// What it lacks is not kept any more, or was never.
    NotKept,
}

/// What a primary makes of `PSYNC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The replica gets a snapshot.
    Full(Reason),
    /// The replica, which has so many bytes of the stream, gets the rest.
    Continue {
        /// Its offset.
        offset: u64,
    },
}

/// The answer to a replica that asks for the stream called `id` from byte `first` on, of a server that has this
/// `history` and keeps the bytes `kept` of it, if any.
pub fn answer(id: &[u8], first: i64, history: &History, kept: Option<RangeInclusive<u64>>) -> Answer {
    let Some(id) = ReplicationId::parse(id) else { return Answer::Full(Reason::Asked) };
    let Some(offset) = first.checked_sub(1).and_then(|offset| u64::try_from(offset).ok()) else {
        return Answer::Full(Reason::Asked);
    };
    if !history.shares(id, offset) {
        return Answer::Full(Reason::OtherHistory);
    }
    // The next byte has to be there, or to be the next that comes.
    match kept {
        Some(kept) if offset + 1 >= *kept.start() && offset <= *kept.end() => Answer::Continue { offset },
        _ => Answer::Full(Reason::NotKept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_tells_of_itself() {
        let mut greeting = Greeting::default();
        for (option, value) in [
            ("listening-port", "6380"),
            ("ip-address", "10.0.0.7"),
            ("capa", "eof"),
            ("CAPA", "PSYNC2"),
            ("capa", "dual-channel"),
            ("version", "8.1.0"),
            ("rdb-only", "1"),
        ] {
            greeting.take(option.as_bytes(), value.as_bytes()).unwrap();
        }
        let expected = Greeting {
            listening_port: 6380,
            address: Some("10.0.0.7".to_owned()),
            takes_unmeasured: true,
            takes_names: true,
            version: Some("8.1.0".to_owned()),
            wants_snapshot_only: true,
        };
        assert_eq!(greeting, expected);
        assert!(greeting.is_at_least(8, 1) && greeting.is_at_least(7, 2) && !greeting.is_at_least(8, 2));
        assert!(!Greeting::default().is_at_least(7, 2), "it has not said");
    }

    #[test]
    fn nonsense_is_refused() {
        let mut greeting = Greeting::default();
        let long = [b'x'; 256];
        for (option, value) in [
            (&b"listening-port"[..], &b"x"[..]),
            (b"listening-port", b"65536"),
            (b"listening-port", b"-1"),
            (b"ip-address", &long),
            (b"rdb-only", b"yes"),
            (b"favourite-colour", b"blue"),
        ] {
            assert!(greeting.take(option, value).is_err(), "{option:?} {value:?}");
        }
        assert_eq!(greeting, Greeting::default());
    }

    #[test]
    fn who_may_go_on() {
        let [a, b, c] = ["a", "b", "c"].map(|digit| digit.repeat(40));
        let mut history = History::new(ReplicationId::parse(a.as_bytes()).unwrap());
        history.fork(ReplicationId::parse(b.as_bytes()).unwrap(), 120);
        // Bytes 101 to 200 are kept.
        let ask = |id: &str, first| answer(id.as_bytes(), first, &history, Some(101..=200));
        assert_eq!(ask("?", -1), Answer::Full(Reason::Asked));
        assert_eq!(ask(&b, 101), Answer::Continue { offset: 100 });
        assert_eq!(ask(&b, 100), Answer::Full(Reason::NotKept));
        assert_eq!(ask(&b, 201), Answer::Continue { offset: 200 }, "it lacks nothing");
        assert_eq!(ask(&b, 202), Answer::Full(Reason::NotKept), "it has more than there is");
        assert_eq!(ask(&a, 121), Answer::Continue { offset: 120 });
        assert_eq!(ask(&a, 122), Answer::Full(Reason::OtherHistory));
        assert_eq!(ask(&c, 150), Answer::Full(Reason::OtherHistory));
        assert_eq!(ask(&b, i64::MIN), Answer::Full(Reason::Asked));
        assert_eq!(answer(b.as_bytes(), 101, &history, None), Answer::Full(Reason::NotKept));
    }
}
