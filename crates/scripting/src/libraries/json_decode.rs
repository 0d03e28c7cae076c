//! The reading half of `cjson`.

use mlua::{LightUserData, Lua, Result, Value};

use super::json::Settings;
use crate::error;

/// Deeper than this nothing is read, whatever a script sets: a thread's stack has an end.
const DEPTH_MAX: usize = 1000;

/// The value that a JSON text stands for.
pub(super) fn decode(lua: &Lua, text: &[u8], settings: &Settings) -> Result<Value> {
    if let [first, second, ..] = text
        && (*first == 0 || *second == 0)
    {
        return Err(error::text(lua, "JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut reader = Reader { lua, text, at: 0, settings, string: Vec::new() };
    let first = reader.next();
    let value = reader.value(first, 0)?;
    match reader.next() {
        (Token::End, _) => Ok(value),
        found => Err(reader.unexpected("the end", found)),
    }
}

/// A piece of the text. A string is in the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Colon,
    Comma,
    String,
    Number(f64),
    Boolean(bool),
    Null,
    End,
    Error(&'static str),
}

impl Token {
    fn name(self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::String => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::End => "T_END",
            Token::Error(what) => what,
        }
    }
}

/// A token and where it begins.
type Found = (Token, usize);

struct Reader<'a> {
    lua: &'a Lua,
    text: &'a [u8],
    at: usize,
    settings: &'a Settings,
    string: Vec<u8>,
}

impl Reader<'_> {
    fn unexpected(&self, expected: &str, (token, at): Found) -> mlua::Error {
        let (found, at) = (token.name(), at + 1);
        error::text(self.lua, format_args!("Expected {expected} but found {found} at character {at}"))
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth <= self.settings.decode_depth_max.min(DEPTH_MAX) {
            return Ok(());
        }
        let at = self.at;
        let text = format_args!("Found too many nested data structures ({depth}) at character {at}");
        Err(error::text(self.lua, text))
    }

    fn value(&mut self, found: Found, depth: usize) -> Result<Value> {
        Ok(match found.0 {
            Token::String => Value::String(self.lua.create_string(&self.string)?),
            Token::Number(number) => Value::Number(number),
            Token::Boolean(value) => Value::Boolean(value),
            Token::Null => Value::LightUserData(LightUserData(std::ptr::null_mut())),
            Token::ObjectBegin => self.object(depth + 1)?,
            Token::ArrayBegin => self.array(depth + 1)?,
            _ => return Err(self.unexpected("value", found)),
        })
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        self.check_depth(depth)?;
        let table = self.lua.create_table()?;
        let mut found = self.next();
        if found.0 == Token::ObjectEnd {
            return Ok(Value::Table(table));
        }
        loop {
            if found.0 != Token::String {
                return Err(self.unexpected("object key string", found));
            }
            let key = self.lua.create_string(&self.string)?;
            let colon = self.next();
            if colon.0 != Token::Colon {
                return Err(self.unexpected("colon", colon));
            }
            let first = self.next();
            let value = self.value(first, depth)?;
            table.raw_set(key, value)?;
            let next = self.next();
            match next.0 {
                Token::ObjectEnd => return Ok(Value::Table(table)),
                Token::Comma => found = self.next(),
                _ => return Err(self.unexpected("comma or object end", next)),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value> {
        self.check_depth(depth)?;
        let table = self.lua.create_table()?;
        let mut found = self.next();
        if found.0 == Token::ArrayEnd {
            return Ok(Value::Table(table));
        }
        for index in 1.. {
            let value = self.value(found, depth)?;
            table.raw_seti(index, value)?;
            let next = self.next();
            match next.0 {
                Token::ArrayEnd => break,
                Token::Comma => found = self.next(),
                _ => return Err(self.unexpected("comma or array end", next)),
            }
        }
        Ok(Value::Table(table))
    }

    fn next(&mut self) -> Found {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let at = self.at;
        let rest = &self.text[at..];
        let (token, len) = match rest {
            [] => (Token::End, 0),
            [b'{', ..] => (Token::ObjectBegin, 1),
            [b'}', ..] => (Token::ObjectEnd, 1),
            [b'[', ..] => (Token::ArrayBegin, 1),
            [b']', ..] => (Token::ArrayEnd, 1),
            [b':', ..] => (Token::Colon, 1),
            [b',', ..] => (Token::Comma, 1),
            [b't', b'r', b'u', b'e', ..] => (Token::Boolean(true), 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (Token::Boolean(false), 5),
            [b'n', b'u', b'l', b'l', ..] => (Token::Null, 4),
            [b'"', ..] => {
                self.at += 1;
                return match self.read_string() {
                    Ok(()) => (Token::String, at),
                    Err(what) => (Token::Error(what), self.at),
                };
            }
            [b'-' | b'+' | b'0'..=b'9' | b'i' | b'I' | b'n' | b'N', ..] => self.number(rest),
            // Text that C would end here.
            [0, ..] if at + 1 == self.text.len() => (Token::End, 0),
            _ => (Token::Error("invalid token"), 0),
        };
        self.at += len;
        (token, at)
    }

    /// A number, and its length; as C's `strtod` takes them, where that was not forbidden.
    fn number(&self, rest: &[u8]) -> (Token, usize) {
        let is_plain = matches!(rest[0], b'-' | b'0'..=b'9');
        let is_invalid = is_invalid(rest);
        if !(is_plain || is_invalid && self.settings.decode_invalid) {
            return (Token::Error("invalid token"), 0);
        }
        if is_invalid && !self.settings.decode_invalid {
            return (Token::Error("invalid number"), 0);
        }
        longest_number(rest)
            .map_or((Token::Error("invalid number"), 0), |(number, len)| (Token::Number(number), len))
    }

    fn read_string(&mut self) -> std::result::Result<(), &'static str> {
        self.string.clear();
        loop {
            let rest = &self.text[self.at.min(self.text.len())..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0)).unwrap_or(rest.len());
            self.string.extend_from_slice(&rest[..plain]);
            self.at += plain;
            match rest.get(plain..).unwrap_or_default() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'\\', b'u', digits @ ..] => {
                    let (character, len) = unicode_escape(digits).ok_or("invalid unicode escape code")?;
                    self.string.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    self.at += 2 + len;
                }
                [b'\\', escape, ..] => {
                    self.string.push(match escape {
                        b'"' | b'\\' | b'/' => *escape,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        _ => return Err("invalid escape code"),
                    });
                    self.at += 2;
                }
                [b'\\'] => return Err("invalid escape code"),
                _ => return Err("unexpected end of string"),
            }
        }
    }
}

/// Whether what `strtod` would take is no JSON: a plus sign, hexadecimal digits, leading zeros, or no number at all.
fn is_invalid(text: &[u8]) -> bool {
    let text = match text {
        [b'+', ..] => return true,
        [b'-', rest @ ..] | rest => rest,
    };
    match text {
        [b'0', b'x' | b'X' | b'0'..=b'9', ..] => true,
        [first, ..] if *first <= b'9' => false,
        _ => {
            let begins = |word: &[u8]| text.len() >= 3 && text[..3].eq_ignore_ascii_case(word);
            begins(b"inf") || begins(b"nan")
        }
    }
}

/// The longest beginning of `text` that is a number.
fn longest_number(text: &[u8]) -> Option<(f64, usize)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    // Beyond a few hundred digits nothing changes any more but the exponent.
    let candidate = text.iter().take_while(|byte| is_part(byte)).count();
    let mut len = candidate;
    while len > 0 {
        if let Some(number) =
            base::number::parse_f64(&text[..len]).or_else(|| parse_out_of_the_ordinary(&text[..len]))
        {
            return Some((number, len));
        }
        // What follows the digits of a number is rarely more than a word.
        len = if len > 64 { number_len(text).min(len - 1) } else { len - 1 };
    }
    None
}

/// How long the decimal number at the beginning of `text` is.
fn number_len(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut len = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    len += digits(len);
    if text.get(len) == Some(&b'.') {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let count = digits((len + 1 + sign).min(text.len()));
        len += if count > 0 { 1 + sign + count } else { 0 };
    }
    len
}

/// NaN, or a number that is too large or too small for its exponent, which becomes infinite or zero.
fn parse_out_of_the_ordinary(text: &[u8]) -> Option<f64> {
    if number_len(text) == text.len() {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    text.eq_ignore_ascii_case(b"nan").then_some(f64::NAN)
}

/// The character of `uXXXX`, perhaps followed by the second half of a pair, and the length without the first `\u`.
fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| {
        text.get(..4)?.iter().try_fold(0, |value, byte| Some(value << 4 | char::from(*byte).to_digit(16)?))
    };
    let high = unit(text)?;
    if !(0xd800..0xe000).contains(&high) {
        return Some((char::from_u32(high)?, 4));
    }
    let [b'\\', b'u', rest @ ..] = text.get(4..)? else { return None };
    let low = unit(rest).filter(|low| (0xdc00..0xe000).contains(low))?;
    if high >= 0xdc00 {
        return None;
    }
    Some((char::from_u32(0x10000 + ((high & 0x3ff) << 10 | low & 0x3ff))?, 10))
}
