//! Replies as JSON, as `redis-cli --json` writes them. Texts keep their bytes, also those that are not UTF-8, and
//! an error is `error:"…"`, which is no JSON, so that nobody takes it for a value.

use std::io::Write;

use resp::Value;

/// Appends the value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Simple(text) => write_text(text.as_bytes(), out),
        Value::Bulk(text) | Value::Verbatim { text, .. } => write_text(text, out),
        Value::Error(text) => {
            out.extend_from_slice(b"error:");
            write_text(text.as_bytes(), out);
        }
        Value::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
        Value::Double(double) => out.extend_from_slice(double.text.as_bytes()),
        Value::BigNumber(digits) => out.extend_from_slice(digits.as_bytes()),
        Value::Boolean(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::Null | Value::NullArray => out.extend_from_slice(b"null"),
        Value::Array(elements) | Value::Set(elements) | Value::Push(elements) => {
            write_all(elements, [b'[', b']'], out, write);
        }
        Value::Map(pairs) => write_all(pairs, [b'{', b'}'], out, |(key, value), out| {
            write_key(key, out);
            out.push(b':');
            write(value, out);
        }),
        Value::Attributed { value, .. } => write(value, out),
    }
}

fn write_all<T>(elements: &[T], [open, close]: [u8; 2], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(open);
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(close);
}

/// JSON knows only texts as keys: another value is written as the text of its JSON.
fn write_key(key: &Value, out: &mut Vec<u8>) {
    if matches!(key, Value::Simple(_) | Value::Error(_) | Value::Bulk(_) | Value::Verbatim { .. }) {
        return write(key, out);
    }
    let mut text = Vec::new();
    write(key, &mut text);
    write_text(&text, out);
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => write!(out, "\\u{byte:04x}").unwrap_or_else(|_| unreachable!("a vector takes all")),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(reply: &[u8], expected: &[u8]) {
        let (value, _) = resp::decode(reply).unwrap().unwrap();
        let mut out = Vec::new();
        super::write(&value, &mut out);
        assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn replies_are_what_redis_cli_prints() {
        check(b"+OK\r\n", b"\"OK\"");
        check(b"-ERR \"no\"\r\n", br#"error:"ERR \"no\"""#);
        check(b":-7\r\n", b"-7");
        check(b"$9\r\nb\"c\n\x01\xff\\/\x7f\r\n", b"\"b\\\"c\\n\\u0001\xff\\\\/\x7f\"");
        check(b"$-1\r\n", b"null");
        check(b"*-1\r\n", b"null");
        check(b"*0\r\n", b"[]");
        check(b"*2\r\n*2\r\n$1\r\nm\r\n,1.5\r\n~1\r\n#t\r\n", br#"[["m",1.5],[true]]"#);
        check(b"%2\r\n$1\r\nf\r\n$3\r\nv,1\r\n:0\r\n_\r\n", br#"{"f":"v,1","0":null}"#);
        check(b"%1\r\n*1\r\n$1\r\na\r\n:1\r\n", br#"{"[\"a\"]":1}"#);
        check(b"%0\r\n", b"{}");
        check(b"=6\r\ntxt:hi\r\n", b"\"hi\"");
        check(b"(12345678901234567890\r\n", b"12345678901234567890");
        check(b"|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", b"\"v\"");
    }
}
