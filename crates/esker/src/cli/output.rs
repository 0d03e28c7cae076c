//! How replies are printed: for people, or as they are.

use std::io::{self, IsTerminal, Write};

use resp::{Value, display};

use super::{csv, json};

/// The ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With types and numbers, as a person reads it.
    Formatted,
    /// The bytes, for programs.
    Raw,
    /// As JSON.
    Json,
    /// As comma-separated values.
    Csv,
}

impl Style {
    /// For a terminal formatted, for everything else raw.
    pub fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Formatted } else { Self::Raw }
    }
}

/// Where replies go.
#[derive(Debug)]
pub struct Output {
    /// The way.
    pub style: Style,
    /// What separates the elements of a raw reply.
    pub delimiter: Vec<u8>,
}

impl Output {
    /// Prints a reply and a line end. `is_text` says that the command answers with a text for people, which
    /// needs no quotes.
    pub fn print(&self, value: &Value, is_text: bool) -> io::Result<()> {
        self.print_bytes(&self.shown(value, is_text))
    }

    /// Prints a line.
    pub fn print_line(&self, line: &str) -> io::Result<()> {
        self.print_bytes(line.as_bytes())
    }

    fn print_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    fn shown(&self, value: &Value, is_text: bool) -> Vec<u8> {
        let mut out = Vec::new();
        match (self.style, value) {
            (_, Value::Bulk(text) | Value::Verbatim { text, .. }) if is_text => return text.clone(),
            (Style::Formatted, Value::Verbatim { text, .. }) => return text.clone(),
            (Style::Formatted, value) => return display::render(value).into_bytes(),
            (Style::Raw, value) => self.write_raw(value, &mut out),
            (Style::Json, value) => json::write(value, &mut out),
            (Style::Csv, value) => csv::write(value, &mut out),
        }
        out
    }

    fn write_raw(&self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Simple(text) | Value::BigNumber(text) => out.extend_from_slice(text.as_bytes()),
            Value::Error(text) => {
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            Value::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
            Value::Bulk(bytes) | Value::Verbatim { text: bytes, .. } => out.extend_from_slice(bytes),
            Value::Null | Value::NullArray => {}
            Value::Double(double) => out.extend_from_slice(double.text.as_bytes()),
            Value::Boolean(truth) => out.extend_from_slice(format!("({truth})").as_bytes()),
            Value::Array(elements) | Value::Set(elements) | Value::Push(elements) => {
                self.separated(elements, out, |element, out| self.write_raw(element, out));
            }
            Value::Map(pairs) => self.separated(pairs, out, |(key, value), out| {
                self.write_raw(key, out);
                out.push(b' ');
                self.write_raw(value, out);
            }),
            // What is said about a value is for people.
            Value::Attributed { value, .. } => self.write_raw(value, out),
        }
    }

    fn separated<T>(&self, elements: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.delimiter);
            }
            write(element, out);
        }
    }
}

/// Whether the command answers with a text for people, which RESP2 sends like any other string.
pub fn answers_with_text(words: &[Vec<u8>]) -> bool {
    const COMMANDS: &[&[&str]] = &[
        &["info"],
        &["lolwut"],
        &["client", "list"],
        &["client", "info"],
        &["memory", "doctor"],
        &["memory", "malloc-stats"],
        &["latency", "doctor"],
        &["latency", "graph"],
        &["cluster", "info"],
        &["cluster", "nodes"],
        &["debug", "htstats"],
    ];
    COMMANDS.iter().any(|names| {
        words.len() >= names.len()
            && names.iter().zip(words).all(|(name, word)| word.eq_ignore_ascii_case(name.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(style: Style, reply: &[u8], expected: &str) {
        let (value, _) = resp::decode(reply).unwrap().unwrap();
        let output = Output { style, delimiter: b"\n".to_vec() };
        assert_eq!(String::from_utf8(output.shown(&value, false)).unwrap(), expected);
    }

    #[test]
    fn raw_replies_are_what_redis_cli_prints() {
        check(Style::Raw, b"*3\r\n$1\r\na\r\n$-1\r\n:3\r\n", "a\n\n3");
        check(Style::Raw, b"%2\r\n+f\r\n,1.5\r\n+g\r\n#t\r\n", "f 1.5\ng (true)");
        check(Style::Raw, b"-ERR no\r\n", "ERR no\n");
        check(Style::Raw, b"$-1\r\n", "");
        check(Style::Raw, b"~1\r\n=6\r\ntxt:hi\r\n", "hi");
        check(Style::Raw, b"$2\r\n\"\n\r\n", "\"\n");
    }

    #[test]
    fn formatted_texts_have_no_quotes() {
        check(Style::Formatted, b"$1\r\na\r\n", "\"a\"");
        check(Style::Formatted, b"=6\r\ntxt:hi\r\n", "hi");
        let words = |line: &str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
        assert!(answers_with_text(&words("Info everything")) && answers_with_text(&words("client LIST")));
        assert!(!answers_with_text(&words("client id")) && !answers_with_text(&words("client")));
    }
}
