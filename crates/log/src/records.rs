//! Reading the requests of an append-only file.
//!
//! Lengths that the file claims are not believed: a word grows as its bytes come. What is wrong is named with the offset
//! of the record that it is in, and whether the file just ends too early.

use std::io::{self, BufRead, Read};

use resp::ArgumentsBuffer;

/// What stands in an append-only file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A request.
    Command,
    /// The time, in Unix seconds, at which what follows was done.
    Timestamp(u64),
    /// A line that says nothing.
    Remark,
}

/// What is wrong with a file, and where.
#[derive(Debug)]
pub struct Damage {
    /// Where the record begins that cannot be read.
    pub offset: u64,
    /// Whether the file ends within it.
    pub is_cut: bool,
    /// What is wrong.
    pub why: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at offset {}: {}", self.offset, self.why)
    }
}

impl std::error::Error for Damage {}

/// The memory for the words of a request is kept up to this size.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// A longer line is none.
const LINE_BYTES_MAX: u64 = 1024;

/// Words of a request, and bytes of a word, that a record may have: what the signed 32-bit numbers of Redis hold.
const COUNT_MAX: u64 = i32::MAX as u64;

/// The records of a file, from where `reader` stands.
pub struct Records<R> {
    reader: R,
    offset: u64,
    lines: u64,
    word: Vec<u8>,
    line: Vec<u8>,
}

enum Trouble {
    /// The file ends.
    Cut,
    Wrong(String),
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Cut,
            _ => Trouble::Io(error),
        }
    }
}

impl<R: BufRead> Records<R> {
    /// Reads from `reader`, which stands at `offset` of its file.
    pub fn new(reader: R, offset: u64) -> Records<R> {
        Records { reader, offset, lines: 0, word: Vec::new(), line: Vec::new() }
    }

    /// The offset behind what was read whole.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Lines that were begun to be read, each word being one.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads the next record, whose words, if it is a request, are then in `words`; `None` at the end.
    ///
    /// # Errors
    /// Where the file is damaged or ends too early; nothing can be read behind that.
    pub fn next(&mut self, words: &mut ArgumentsBuffer) -> Result<Option<Record>, Damage> {
        let begin = self.offset;
        let result = self.read(words);
        if result.is_err() {
            self.offset = begin;
        }
        result.map_err(|trouble| match trouble {
            Trouble::Cut => Damage { offset: begin, is_cut: true, why: "the file ends too early".to_owned() },
            Trouble::Wrong(why) => Damage { offset: begin, is_cut: false, why },
            Trouble::Io(error) => Damage { offset: begin, is_cut: false, why: error.to_string() },
        })
    }

    fn read(&mut self, words: &mut ArgumentsBuffer) -> Result<Option<Record>, Trouble> {
        words.clear(KEPT_BYTES_MAX);
        let buffer = self.reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(len) = read_whole(buffer, words) {
            self.reader.consume(len);
            self.offset += len as u64;
            // One says how many words there are; each word has two, its length and itself.
            self.lines += 1 + 2 * words.as_arguments().len() as u64;
            return Ok(Some(Record::Command));
        }
        words.clear(KEPT_BYTES_MAX);
        self.read_line()?;
        if let Some(remark) = self.line.strip_prefix(b"#") {
            return Ok(Some(match remark.strip_prefix(b"TS:") {
                Some(time) => Record::Timestamp(unsigned(time)?),
                None => Record::Remark,
            }));
        }
        let count = self.number(b'*')?;
        if count == 0 {
            return Err(Trouble::Wrong("a request has no words".to_owned()));
        }
        for _ in 0..count {
            self.read_line()?;
            let bytes = self.number(b'$')?;
            self.word.clear();
            self.lines += 1;
            let read = self.reader.by_ref().take(bytes).read_to_end(&mut self.word)?;
            self.offset += read as u64;
            if (read as u64) < bytes {
                return Err(Trouble::Cut);
            }
            let mut end = [0; 2];
            self.reader.read_exact(&mut end)?;
            self.offset += 2;
            if end != *b"\r\n" {
                return Err(Trouble::Wrong("a word is longer than it says".to_owned()));
            }
            words.push(&self.word);
            self.word.shrink_to(KEPT_BYTES_MAX);
        }
        Ok(Some(Record::Command))
    }

    /// Reads a line, without its end, into `line`.
    fn read_line(&mut self) -> Result<(), Trouble> {
        self.line.clear();
        self.lines += 1;
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        self.offset += read as u64;
        if self.line.pop() == Some(b'\n') && self.line.pop() == Some(b'\r') {
            return Ok(());
        }
        if (read as u64) < LINE_BYTES_MAX && !self.line.contains(&b'\n') && self.reader.fill_buf()?.is_empty()
        {
            return Err(Trouble::Cut);
        }
        Err(Trouble::Wrong("a line has no end".to_owned()))
    }

    /// The number behind this sign on the line.
    fn number(&self, sign: u8) -> Result<u64, Trouble> {
        let Some(number) = self.line.strip_prefix(&[sign]) else {
            let (sign, line) = (char::from(sign), self.line.escape_ascii());
            return Err(Trouble::Wrong(format!("a line should begin with '{sign}' and is '{line}'")));
        };
        let number = unsigned(number)?;
        if number > COUNT_MAX {
            return Err(Trouble::Wrong(format!("{number} is too large")));
        }
        Ok(number)
    }
}

/// Reads a request if all of it is in `bytes`, with nothing wrong, and returns how long it is.
fn read_whole(bytes: &[u8], words: &mut ArgumentsBuffer) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..short_number(&mut rest, b'*').filter(|count| *count > 0)? {
        let len = short_number(&mut rest, b'$')?;
        let word = rest.split_off(..len)?;
        rest = rest.strip_prefix(b"\r\n")?;
        words.push(word);
    }
    Some(bytes.len() - rest.len())
}

/// Takes a line with a number of a few digits.
fn short_number(bytes: &mut &[u8], sign: u8) -> Option<usize> {
    const DIGITS_MAX: usize = 7;
    let digits = bytes.strip_prefix(&[sign])?;
    let count = digits.iter().take(DIGITS_MAX + 1).position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = digits.split_at(count);
    *bytes = rest.strip_prefix(b"\r\n")?;
    // As the slow way has it: no zeroes before a number.
    let is_plain = count > 0 && (count == 1 || digits.first() != Some(&b'0'));
    is_plain.then(|| digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

fn unsigned(text: &[u8]) -> Result<u64, Trouble> {
    let number = base::number::parse_i64(text).and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| Trouble::Wrong(format!("'{}' is not a number", text.escape_ascii())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"#TS:12\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n#remark\r\n*1\r\n$4\r\nMULT\r\n";

    fn read(bytes: &[u8]) -> (Vec<String>, Option<Damage>) {
        let at_once = read_from(bytes);
        // Never is a whole request there.
        let in_bits = read_from(io::BufReader::with_capacity(1, bytes));
        assert_eq!(at_once.0, in_bits.0);
        let shown = |damage: &Option<Damage>| format!("{damage:?}");
        assert_eq!(shown(&at_once.1), shown(&in_bits.1));
        at_once
    }

    fn read_from(reader: impl BufRead) -> (Vec<String>, Option<Damage>) {
        let mut records = Records::new(reader, 0);
        let (mut words, mut seen) = (ArgumentsBuffer::default(), Vec::new());
        loop {
            match records.next(&mut words) {
                Ok(None) => return (seen, None),
                Ok(Some(Record::Command)) => seen.push(format!("{:?}", words.as_arguments())),
                Ok(Some(other)) => seen.push(format!("{other:?}")),
                Err(damage) => return (seen, Some(damage)),
            }
        }
    }

    #[test]
    fn records_are_read() {
        let (seen, damage) = read(FILE);
        assert_eq!(seen, ["Timestamp(12)", r#"["DEL", "a"]"#, "Remark", r#"["MULT"]"#]);
        assert!(damage.is_none());
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_known_to_be() {
        for cut in 0..FILE.len() {
            let (seen, damage) = read(&FILE[..cut]);
            let whole = [8, 28, 37].iter().filter(|end| **end <= cut).count();
            assert_eq!(seen.len(), whole, "{cut}");
            let is_between = [0, 8, 28, 37].contains(&cut);
            assert_eq!(damage.is_none(), is_between, "{cut}");
            assert!(damage.is_none_or(|damage| damage.is_cut), "{cut}");
        }
    }

    #[test]
    fn what_is_damaged_is_not_taken_for_cut() {
        for bytes in [
            b"DEL a\r\n".as_slice(),
            b"*x\r\n",
            b"*0\r\n",
            b"*-1\r\n",
            b"*1\r\n$1\r\nab\r\n",
            b"*1\r\n+1\r\na\r\n",
            b"*9999999999\r\n$1\r\na\r\n",
            b"*1\n$1\r\na\r\n",
        ] {
            let (_, damage) = read(bytes);
            assert!(damage.is_some_and(|damage| !damage.is_cut), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_claimed_length_takes_no_memory() {
        let (_, damage) = read(b"*1\r\n$2000000000\r\nabc");
        assert!(damage.is_some_and(|damage| damage.is_cut));
    }
}
