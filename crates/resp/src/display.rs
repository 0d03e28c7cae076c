//! Replies as a person reads them: what `redis-cli` prints on a terminal.

use std::fmt::Write;

use crate::value::Value;

/// The reply as text, without a line end. Nested aggregates are indented below their number, as `redis-cli` does.
pub fn render(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, "", &mut out);
    out
}

/// Bytes in double quotes, with what cannot be printed escaped.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn write_value(value: &Value, indent: &str, out: &mut String) {
    let written = match value {
        Value::Simple(line) => write!(out, "{line}"),
        Value::Error(line) => write!(out, "(error) {line}"),
        Value::Integer(integer) => write!(out, "(integer) {integer}"),
        Value::Bulk(bytes) => write!(out, "{}", quoted(bytes)),
        Value::Null | Value::NullArray => write!(out, "(nil)"),
        Value::Double(double) => write!(out, "(double) {}", double.text),
        Value::Boolean(truth) => write!(out, "({truth})"),
        Value::BigNumber(digits) => write!(out, "(big number) {digits}"),
        Value::Verbatim { text: words, .. } => write!(out, "{}", text(words)),
        Value::Array(elements) => {
            numbered(elements, ')', "(empty array)", indent, out);
            Ok(())
        }
        Value::Set(elements) => {
            numbered(elements, '~', "(empty set)", indent, out);
            Ok(())
        }
        Value::Push(elements) => {
            numbered(elements, '>', "(empty push)", indent, out);
            Ok(())
        }
        Value::Map(pairs) => {
            paired(pairs, '#', indent, out);
            Ok(())
        }
        Value::Attributed { attributes, value } => {
            if !attributes.is_empty() {
                paired(attributes, '|', indent, out);
                let _ = write!(out, "\n{indent}");
            }
            write_value(value, indent, out);
            Ok(())
        }
    };
    written.expect("a string takes whatever is written");
}

fn width(count: usize) -> usize {
    count.to_string().len()
}

fn numbered(elements: &[Value], mark: char, empty: &str, indent: &str, out: &mut String) {
    if elements.is_empty() {
        out.push_str(empty);
        return;
    }
    let width = width(elements.len());
    let deeper = format!("{indent}{}", " ".repeat(width + 2));
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            let _ = write!(out, "\n{indent}");
        }
        let _ = write!(out, "{:>width$}{mark} ", index + 1);
        write_value(element, &deeper, out);
    }
}

fn paired(pairs: &[(Value, Value)], mark: char, indent: &str, out: &mut String) {
    if pairs.is_empty() {
        out.push_str("(empty hash)");
        return;
    }
    let width = width(pairs.len());
    let deeper = format!("{indent}{}", " ".repeat(width + 2));
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            let _ = write!(out, "\n{indent}");
        }
        let _ = write!(out, "{:>width$}{mark} ", index + 1);
        write_value(key, &deeper, out);
        out.push_str(" => ");
        write_value(value, &deeper, out);
    }
}

#[cfg(test)]
mod tests {
    use crate::value::decode;

    #[track_caller]
    fn check(reply: &[u8], expected: &str) {
        let (value, _) = decode(reply).unwrap().unwrap();
        assert_eq!(super::render(&value), expected);
    }

    #[test]
    fn replies_read_as_redis_cli_prints_them() {
        check(b"$3\r\na\"\n\r\n", r#""a\"\n""#);
        check(b"*0\r\n", "(empty array)");
        check(b"%1\r\n$1\r\nf\r\n~2\r\n:1\r\n#t\r\n", "1# \"f\" => 1~ (integer) 1\n   2~ (true)");
        check(b"*2\r\n*2\r\n,1.5\r\n_\r\n(12\r\n", "1) 1) (double) 1.5\n   2) (nil)\n2) (big number) 12");
        check(b">2\r\n+a\r\n=6\r\ntxt:hi\r\n", "1> a\n2> hi");
        check(b"-ERR no\r\n", "(error) ERR no");
    }

    #[test]
    fn attributes_stand_above_what_they_are_about() {
        check(b"|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", "1| ttl => (integer) 5\n\"v\"");
        check(b"*1\r\n|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", "1) 1| ttl => (integer) 5\n   \"v\"");
    }
}
