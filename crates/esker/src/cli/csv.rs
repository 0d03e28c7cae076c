//! Replies as comma-separated values, as `redis-cli --csv` writes them: one line for each, however deep it nests.

use resp::{Value, display};

/// Appends the value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Simple(text) => write_text(text.as_bytes(), out),
        Value::Bulk(text) | Value::Verbatim { text, .. } => write_text(text, out),
        Value::Error(text) => {
            out.extend_from_slice(b"ERROR,");
            write_text(text.as_bytes(), out);
        }
        Value::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
        Value::Double(double) => out.extend_from_slice(double.text.as_bytes()),
        Value::BigNumber(digits) => out.extend_from_slice(digits.as_bytes()),
        Value::Boolean(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::Null | Value::NullArray => out.extend_from_slice(b"NULL"),
        Value::Array(elements) | Value::Set(elements) | Value::Push(elements) => write_all(elements, out),
        Value::Map(pairs) => write_all(pairs.iter().flat_map(|(key, value)| [key, value]), out),
        Value::Attributed { value, .. } => write(value, out),
    }
}

fn write_all<'v>(elements: impl IntoIterator<Item = &'v Value>, out: &mut Vec<u8>) {
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(display::quoted(text).as_bytes());
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(reply: &[u8], expected: &str) {
        let (value, _) = resp::decode(reply).unwrap().unwrap();
        let mut out = Vec::new();
        super::write(&value, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn replies_are_what_redis_cli_prints() {
        check(b"+PONG\r\n", "\"PONG\"");
        check(b"-ERR no\r\n", "ERROR,\"ERR no\"");
        check(b"$4\r\nv,\"\xff\r\n", "\"v,\\\"\\xff\"");
        check(b"$-1\r\n", "NULL");
        check(b"*0\r\n", "");
        check(b"*3\r\n$1\r\na\r\n:2\r\n*2\r\n$-1\r\n+x\r\n", "\"a\",2,NULL,\"x\"");
        check(b"%1\r\n$1\r\nf\r\n,1.5\r\n", "\"f\",1.5");
        check(b"~1\r\n#f\r\n", "false");
    }
}
