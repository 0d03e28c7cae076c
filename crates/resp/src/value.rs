//! The client's side: replies decoded into [`Value`]s, commands encoded.
//!
//! For programs that talk to a server (the prompt, tests, benchmarks), which want a whole reply as a tree and
//! trust nothing in it: what a decoder allocates is bounded by what has arrived, and how deep it nests by
//! [`DEPTH_MAX`].

use std::fmt;

use base::number::parse_i64;

/// How deep aggregates may lie in each other.
pub const DEPTH_MAX: usize = 128;

/// The longest line of a reply, in bytes: everything that is not a bulk string.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// How many elements an aggregate is given room for on its word alone.
const ELEMENTS_TRUSTED: usize = 64;

/// A reply. Texts that the protocol wants readable are strings, with whatever is not UTF-8 replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// `+OK`
    Simple(String),
    /// `-ERR text`, the code and the text in one.
    Error(String),
    /// `:1`
    Integer(i64),
    /// `$3`, any bytes.
    Bulk(Vec<u8>),
    /// `_`, or `$-1` in RESP2.
    Null,
    /// `*-1`, the other null of RESP2.
    NullArray,
    /// `*2`
    Array(Vec<Value>),
    /// `%2`, the pairs in the order sent.
    Map(Vec<(Value, Value)>),
    /// `~2`, the elements in the order sent.
    Set(Vec<Value>),
    /// `>2`, a message that answers no request.
    Push(Vec<Value>),
    /// `,1.5`
    Double(Double),
    /// `#t` or `#f`
    Boolean(bool),
    /// `(123`, the digits with their sign.
    BigNumber(String),
    /// `=8`, a text to be shown as it is.
    Verbatim {
        /// Three bytes: `txt` or `mkd`.
        format: String,
        /// The text.
        text: Vec<u8>,
    },
    /// `|1`, what is said about a value, and the value.
    Attributed {
        /// What is said, in the order sent.
        attributes: Vec<(Value, Value)>,
        /// What it is said about.
        value: Box<Value>,
    },
}

impl Value {
    /// Whether it is nothing, in either version's way.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::NullArray)
    }
}

/// A double with the text it came as. Equal is what is written alike, so that `nan` is itself.
#[derive(Clone, Debug)]
pub struct Double {
    /// The number.
    pub value: f64,
    /// What the server wrote.
    pub text: String,
}

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Double {}

/// Why bytes are no reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// No type begins with this byte.
    UnknownType(u8),
    /// A length or an integer is not a number, or out of range.
    InvalidInteger,
    /// A double is not a number.
    InvalidDouble,
    /// A boolean is neither `t` nor `f`.
    InvalidBoolean,
    /// A big number has something other than digits.
    InvalidBigNumber,
    /// A null has a text.
    InvalidNull,
    /// A verbatim string does not begin with its format and a colon.
    InvalidVerbatim,
    /// No line end where one must be.
    MissingLineEnd,
    /// A line is longer than [`LINE_BYTES_MAX`].
    LineTooLong,
    /// Aggregates lie in each other deeper than [`DEPTH_MAX`].
    TooDeep,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownType(byte) => return write!(f, "unknown reply type '{}'", byte.escape_ascii()),
            Self::InvalidInteger => "invalid integer or length",
            Self::InvalidDouble => "invalid double",
            Self::InvalidBoolean => "invalid boolean",
            Self::InvalidBigNumber => "invalid big number",
            Self::InvalidNull => "invalid null",
            Self::InvalidVerbatim => "invalid verbatim string",
            Self::MissingLineEnd => "missing line end",
            Self::LineTooLong => "line too long",
            Self::TooDeep => "nested too deep",
        })
    }
}

impl std::error::Error for DecodeError {}

/// Decodes the reply at the beginning of `input`: the value and how many bytes it takes, or nothing while
/// bytes are missing. For replies that arrive in pieces [`Decoder`] does not begin anew each time.
///
/// # Errors
/// [`DecodeError`] where the bytes cannot become a reply.
pub fn decode(input: &[u8]) -> Result<Option<(Value, usize)>, DecodeError> {
    Decoder::new().decode(input)
}

/// Appends a command to `out` in the form that servers read: an array of bulk strings.
pub fn encode_command(arguments: &[impl AsRef<[u8]>], out: &mut Vec<u8>) {
    let mut number = itoa::Buffer::new();
    let mut header = |sigil: u8, length: usize, out: &mut Vec<u8>| {
        out.push(sigil);
        out.extend_from_slice(number.format(length).as_bytes());
        out.extend_from_slice(b"\r\n");
    };
    header(b'*', arguments.len(), out);
    for argument in arguments {
        let argument = argument.as_ref();
        header(b'$', argument.len(), out);
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

/// A resumable decoder of one server's replies: no byte of a reply that arrives in pieces is understood
/// twice.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The aggregates that have begun, the outermost first.
    stack: Vec<Frame>,
    /// How much of the input they take up so far.
    position: usize,
}

/// An aggregate that is not complete.
#[derive(Debug)]
struct Frame {
    kind: Aggregate,
    /// How many values are still to come; never 0 between two steps.
    remaining: usize,
    /// Those that have come.
    values: Vec<Value>,
}

#[derive(Debug)]
enum Aggregate {
    Array,
    Map,
    Set,
    Push,
    /// The pairs of an attribute.
    Attribute,
    /// A value with the pairs that were said about it.
    Attributed(Vec<(Value, Value)>),
}

/// What stands at one place of a reply.
enum Element {
    Value(Value),
    Aggregate(Aggregate, usize),
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with the reply at the beginning of `input`, which begins with the same byte as in the call
    /// before, unless that one completed a reply, and then with the byte behind it. Gives the value and the
    /// bytes it takes.
    ///
    /// # Errors
    /// [`DecodeError`], after which the connection cannot be understood any more.
    pub fn decode(&mut self, input: &[u8]) -> Result<Option<(Value, usize)>, DecodeError> {
        loop {
            let Some((element, bytes)) = element(input.get(self.position..).unwrap_or_default())? else {
                return Ok(None);
            };
            self.position += bytes;
            let mut complete = match element {
                Element::Value(value) => Some(value),
                Element::Aggregate(kind, len) => {
                    if self.stack.len() >= DEPTH_MAX {
                        return Err(DecodeError::TooDeep);
                    }
                    let values = Vec::with_capacity(len.min(ELEMENTS_TRUSTED));
                    self.settle(Frame { kind, remaining: len, values })
                }
            };
            while let Some(value) = complete {
                let Some(mut frame) = self.stack.pop() else {
                    return Ok(Some((value, std::mem::take(&mut self.position))));
                };
                frame.values.push(value);
                frame.remaining -= 1;
                complete = self.settle(frame);
            }
        }
    }

    /// Gives the value of an aggregate that is complete, and puts one that is not on the stack.
    fn settle(&mut self, mut frame: Frame) -> Option<Value> {
        if frame.remaining > 0 {
            self.stack.push(frame);
            return None;
        }
        Some(match frame.kind {
            Aggregate::Array => Value::Array(frame.values),
            Aggregate::Map => Value::Map(pairs(frame.values)),
            Aggregate::Set => Value::Set(frame.values),
            Aggregate::Push => Value::Push(frame.values),
            Aggregate::Attribute => {
                let kind = Aggregate::Attributed(pairs(frame.values));
                self.stack.push(Frame { kind, remaining: 1, values: Vec::with_capacity(1) });
                return None;
            }
            Aggregate::Attributed(attributes) => {
                let value = frame.values.pop().expect("a frame with nothing remaining has its one value");
                Value::Attributed { attributes, value: Box::new(value) }
            }
        })
    }
}

/// Values in turn as keys and what belongs to them; there is an even number.
fn pairs(values: Vec<Value>) -> Vec<(Value, Value)> {
    let mut pairs = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// Reads a value, or the header of an aggregate, and how many bytes it takes.
fn element(input: &[u8]) -> Result<Option<(Element, usize)>, DecodeError> {
    let Some((&sigil, rest)) = input.split_first() else {
        return Ok(None);
    };
    if !b"+-:$!=*%~>|,#(_".contains(&sigil) {
        return Err(DecodeError::UnknownType(sigil));
    }
    let Some(line) = line(rest)? else {
        return Ok(None);
    };
    let header = 1 + line.len() + 2;
    let text = || String::from_utf8_lossy(line).into_owned();
    let value = match sigil {
        b'+' => Value::Simple(text()),
        b'-' => Value::Error(text()),
        b':' => Value::Integer(parse_i64(line).ok_or(DecodeError::InvalidInteger)?),
        b',' => {
            let text = text();
            let value = text.parse().map_err(|_| DecodeError::InvalidDouble)?;
            Value::Double(Double { value, text })
        }
        b'#' => Value::Boolean(match line {
            b"t" => true,
            b"f" => false,
            _ => return Err(DecodeError::InvalidBoolean),
        }),
        b'(' => {
            let digits = line.strip_prefix(b"-").unwrap_or(line);
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return Err(DecodeError::InvalidBigNumber);
            }
            Value::BigNumber(text())
        }
        b'_' if line.is_empty() => Value::Null,
        b'_' => return Err(DecodeError::InvalidNull),
        b'$' if line == b"-1" => Value::Null,
        b'*' if line == b"-1" => Value::NullArray,
        b'$' | b'!' | b'=' => {
            let Some(bytes) = bulk(&input[header..], length(line)?)? else {
                return Ok(None);
            };
            return Ok(Some((Element::Value(string(sigil, bytes)?), header + bytes.len() + 2)));
        }
        _ => {
            let len = length(line)?;
            let (kind, values_each) = match sigil {
                b'%' => (Aggregate::Map, 2),
                b'~' => (Aggregate::Set, 1),
                b'>' => (Aggregate::Push, 1),
                b'|' => (Aggregate::Attribute, 2),
                _ => (Aggregate::Array, 1),
            };
            let len = len.checked_mul(values_each).ok_or(DecodeError::InvalidInteger)?;
            return Ok(Some((Element::Aggregate(kind, len), header)));
        }
    };
    Ok(Some((Element::Value(value), header)))
}

/// The value of a string that came with its length.
fn string(sigil: u8, bytes: &[u8]) -> Result<Value, DecodeError> {
    Ok(match sigil {
        b'!' => Value::Error(String::from_utf8_lossy(bytes).into_owned()),
        b'=' => match bytes.split_at_checked(4) {
            Some(([format @ .., b':'], text)) => {
                Value::Verbatim { format: String::from_utf8_lossy(format).into_owned(), text: text.to_vec() }
            }
            _ => return Err(DecodeError::InvalidVerbatim),
        },
        _ => Value::Bulk(bytes.to_vec()),
    })
}

fn length(line: &[u8]) -> Result<usize, DecodeError> {
    parse_i64(line).and_then(|length| usize::try_from(length).ok()).ok_or(DecodeError::InvalidInteger)
}

/// The line at the beginning of `input`, without its end, once that has come.
fn line(input: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let window = &input[..input.len().min(LINE_BYTES_MAX + 1)];
    match memchr::memchr(b'\r', window) {
        None if window.len() > LINE_BYTES_MAX => Err(DecodeError::LineTooLong),
        None => Ok(None),
        Some(end) => match input.get(end + 1) {
            None => Ok(None),
            Some(b'\n') => Ok(Some(&input[..end])),
            Some(_) => Err(DecodeError::MissingLineEnd),
        },
    }
}

/// The `length` bytes at the beginning of `input`, once they and the line end behind them have come.
fn bulk(input: &[u8], length: usize) -> Result<Option<&[u8]>, DecodeError> {
    match input.split_at_checked(length) {
        Some((bytes, [b'\r', b'\n', ..])) => Ok(Some(bytes)),
        None | Some((_, [] | [b'\r'])) => Ok(None),
        Some(_) => Err(DecodeError::MissingLineEnd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk_of(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    /// The whole of `input` is `expected`, and no part of it is anything, whether seen at once or byte by
    /// byte.
    #[track_caller]
    fn check(input: &[u8], expected: Value) {
        let followed = [input, b"+next\r\n"].concat();
        assert_eq!(decode(&followed), Ok(Some((expected.clone(), input.len()))));
        let mut decoder = Decoder::new();
        for end in 0..input.len() {
            assert_eq!(decode(&input[..end]), Ok(None), "of {end} bytes");
            assert_eq!(decoder.decode(&input[..end]), Ok(None), "resumed with {end} bytes");
        }
        assert_eq!(decoder.decode(&followed), Ok(Some((expected, input.len()))));
        assert_eq!(decoder.decode(b"+next\r\n"), Ok(Some((Value::Simple("next".into()), 7))));
    }

    #[track_caller]
    fn check_error(input: &[u8], expected: DecodeError) {
        assert_eq!(decode(input), Err(expected), "{}", input.escape_ascii());
    }

    #[test]
    fn single_values() {
        check(b"+OK\r\n", Value::Simple("OK".into()));
        check(b"+\r\n", Value::Simple(String::new()));
        check(b"-ERR no \xff\r\n", Value::Error("ERR no \u{fffd}".into()));
        check(b"!5\r\nERR a\r\n", Value::Error("ERR a".into()));
        check(b":-42\r\n", Value::Integer(-42));
        check(b"$0\r\n\r\n", bulk_of(""));
        check(b"$4\r\na\r\nb\r\n", bulk_of("a\r\nb"));
        check(b"$-1\r\n", Value::Null);
        check(b"*-1\r\n", Value::NullArray);
        check(b"_\r\n", Value::Null);
        check(b"#t\r\n", Value::Boolean(true));
        check(b"#f\r\n", Value::Boolean(false));
        check(b"(-12345678901234567890\r\n", Value::BigNumber("-12345678901234567890".into()));
        check(b"=8\r\ntxt:a\r\nb\r\n", Value::Verbatim { format: "txt".into(), text: b"a\r\nb".to_vec() });
        assert!(Value::Null.is_null() && Value::NullArray.is_null() && !Value::Boolean(false).is_null());
    }

    #[test]
    fn doubles_keep_their_text() {
        for (text, value) in
            [("1.10", 1.1), ("-inf", f64::NEG_INFINITY), ("inf", f64::INFINITY), ("1e+21", 1e21)]
        {
            check(format!(",{text}\r\n").as_bytes(), Value::Double(Double { value, text: text.into() }));
        }
        let Ok(Some((Value::Double(nan), _))) = decode(b",nan\r\n") else { panic!("a double") };
        assert!(nan.value.is_nan() && nan == nan.clone());
    }

    #[test]
    fn aggregates() {
        let two = || vec![Value::Integer(1), bulk_of("a")];
        check(b"*0\r\n", Value::Array(vec![]));
        check(b"*2\r\n:1\r\n$1\r\na\r\n", Value::Array(two()));
        check(b"~2\r\n:1\r\n$1\r\na\r\n", Value::Set(two()));
        check(b">2\r\n:1\r\n$1\r\na\r\n", Value::Push(two()));
        check(b"%0\r\n", Value::Map(vec![]));
        check(
            b"%1\r\n:1\r\n*2\r\n:1\r\n$1\r\na\r\n",
            Value::Map(vec![(Value::Integer(1), Value::Array(two()))]),
        );
        check(
            b"*3\r\n*0\r\n*1\r\n*-1\r\n_\r\n",
            Value::Array(vec![Value::Array(vec![]), Value::Array(vec![Value::NullArray]), Value::Null]),
        );
    }

    #[test]
    fn attributes_belong_to_what_follows() {
        let attributes = vec![(Value::Simple("ttl".into()), Value::Integer(5))];
        let attributed = |value| Value::Attributed { attributes: attributes.clone(), value: Box::new(value) };
        check(b"|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n", attributed(bulk_of("a")));
        check(
            b"*2\r\n|1\r\n+ttl\r\n:5\r\n*1\r\n:1\r\n:2\r\n",
            Value::Array(vec![attributed(Value::Array(vec![Value::Integer(1)])), Value::Integer(2)]),
        );
        check(b"|0\r\n_\r\n", Value::Attributed { attributes: vec![], value: Box::new(Value::Null) });
    }

    #[test]
    fn what_is_no_reply() {
        check_error(b"x\r\n", DecodeError::UnknownType(b'x'));
        check_error(b"\r\n", DecodeError::UnknownType(b'\r'));
        check_error(b":1x\r\n", DecodeError::InvalidInteger);
        check_error(b"$-2\r\n", DecodeError::InvalidInteger);
        check_error(b"*x\r\n", DecodeError::InvalidInteger);
        check_error(b"~-1\r\n", DecodeError::InvalidInteger);
        check_error(b"$99999999999999999999\r\n", DecodeError::InvalidInteger);
        check_error(b",one\r\n", DecodeError::InvalidDouble);
        check_error(b"#true\r\n", DecodeError::InvalidBoolean);
        check_error(b"(1.5\r\n", DecodeError::InvalidBigNumber);
        check_error(b"(-\r\n", DecodeError::InvalidBigNumber);
        check_error(b"_x\r\n", DecodeError::InvalidNull);
        check_error(b"=3\r\ntxt\r\n", DecodeError::InvalidVerbatim);
        check_error(b"=5\r\ntxt a\r\n", DecodeError::InvalidVerbatim);
        check_error(b"+a\rb\r\n", DecodeError::MissingLineEnd);
        check_error(b"$1\r\nabc\r\n", DecodeError::MissingLineEnd);
        check_error(b"$1\r\na\rb", DecodeError::MissingLineEnd);
        assert_eq!(DecodeError::UnknownType(b'\r').to_string(), "unknown reply type '\\r'");
    }

    #[test]
    fn claims_cost_nothing() {
        assert_eq!(decode(b"*9223372036854775807\r\n:1\r\n"), Ok(None));
        assert_eq!(decode(b"%9223372036854775807\r\n:1\r\n"), Ok(None));
        assert_eq!(decode(b"$9223372036854775807\r\nabc"), Ok(None));
        let mut line = vec![b'+'; LINE_BYTES_MAX + 1];
        assert_eq!(decode(&line), Ok(None));
        line.push(b'+');
        check_error(&line, DecodeError::LineTooLong);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [b"*1\r\n".repeat(depth), b":1\r\n".to_vec()].concat();
        assert!(matches!(decode(&nested(DEPTH_MAX)), Ok(Some(_))));
        check_error(&nested(DEPTH_MAX + 1), DecodeError::TooDeep);
        check_error(&b"|0\r\n".repeat(DEPTH_MAX + 1), DecodeError::TooDeep);
    }

    #[test]
    fn commands_are_arrays_of_bulk_strings() {
        let mut out = b"before".to_vec();
        encode_command(&["SET", "key", ""], &mut out);
        assert_eq!(out, b"before*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
        out.clear();
        encode_command(&[""; 0], &mut out);
        assert_eq!(out, b"*0\r\n");
    }
}
