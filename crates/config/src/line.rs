//! Lines of redis.conf: splitting one into words, quoting a word.
//!
//! The rules are those of Redis' `sdssplitargs` and `sdscatrepr`, which redis-cli and inline commands use
//! too: words are separated by blanks; `"…"` knows `\n \r \t \a \b \\ \" \xHH`; `'…'` knows `\'` only; a
//! closing quote must be followed by a blank or the end.

/// The words of `line`, or `None` if its quotes are unbalanced.
pub(crate) fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.iter().position(|byte| !is_blank(*byte));
        let Some(start) = start else { return Some(words) };
        let (word, after) = take_word(&rest[start..])?;
        words.push(word);
        rest = after;
    }
}

/// The first word of `text`, which begins with it, and what follows.
fn take_word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [] => return Some((word, rest)),
            [b'"', after @ ..] => return closed(word, double_quoted, after),
            [b'\'', after @ ..] => return closed(word, single_quoted, after),
            [byte, ..] if is_separator(*byte) => return Some((word, rest)),
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

type Quoted = for<'t> fn(&mut Vec<u8>, &'t [u8]) -> Option<&'t [u8]>;

/// A word that ends with a quoted part: what follows the closing quote must be a blank or nothing.
fn closed(mut word: Vec<u8>, quoted: Quoted, text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let after = quoted(&mut word, text)?;
    after.first().is_none_or(|byte| is_blank(*byte)).then_some((word, after))
}

/// Reads up to the closing `"` and returns what follows it.
fn double_quoted<'t>(word: &mut Vec<u8>, text: &'t [u8]) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return None,
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                word.push(hex_digit(*high) * 16 + hex_digit(*low));
                after
            }
            [b'\\', escaped, after @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                after
            }
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        };
    }
}

/// Reads up to the closing `'` and returns what follows it.
fn single_quoted<'t>(word: &mut Vec<u8>, text: &'t [u8]) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return None,
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                after
            }
            [b'\'', after @ ..] => return Some(after),
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        };
    }
}

/// `word` in double quotes, with escapes, so that [`split_words`] reads it back.
pub(crate) fn quote(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in word {
        match byte {
            b'\\' | b'"' => quoted.extend([b'\\', *byte]),
            b'\n' => quoted.extend(b"\\n"),
            b'\r' => quoted.extend(b"\\r"),
            b'\t' => quoted.extend(b"\\t"),
            0x07 => quoted.extend(b"\\a"),
            0x08 => quoted.extend(b"\\b"),
            b' '..=b'~' => quoted.push(*byte),
            other => quoted.extend(format!("\\x{other:02x}").into_bytes()),
        }
    }
    quoted.push(b'"');
    quoted
}

/// `word` as a person would write it: quoted only where that is needed.
pub(crate) fn quote_if_needed(word: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !word.is_empty() && word.iter().all(plain) { word.to_vec() } else { quote(word) }
}

/// `line` without the blanks around it that Redis strips.
pub(crate) fn trim(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let Some(start) = line.iter().position(|byte| !blank(byte)) else { return &[] };
    let end = line.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

/// What ends an unquoted word.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'\0')
}

/// What may stand between words: C's `isspace`, and the NUL that ends a C string.
fn is_blank(byte: u8) -> bool {
    is_separator(byte) || matches!(byte, 0x0b | 0x0c)
}

/// The value of a hexadecimal digit.
fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&[&[u8]]>) {
        let words = split_words(line.as_bytes());
        let words = words.as_ref().map(|words| words.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(words.as_deref(), expected, "{line:?}");
    }

    #[test]
    fn words_and_quotes() {
        check("", Some(&[]));
        check("  \t ", Some(&[]));
        check("port 6379", Some(&[b"port", b"6379"]));
        check("  save   900\t1 ", Some(&[b"save", b"900", b"1"]));
        check(r#"logfile """#, Some(&[b"logfile", b""]));
        check(r#"a "b c" 'd e'"#, Some(&[b"a", b"b c", b"d e"]));
        check(r#"a "\x41\n\r\t\a\b\\\"\q\xzz""#, Some(&[b"a", b"A\n\r\t\x07\x08\\\"qxzz"]));
        check(r"a 'it\'s \n'", Some(&[b"a", b"it's \\n"]));
        check(r#"pre"fix ed" x"#, Some(&[b"prefix ed", b"x"]));
    }

    #[test]
    fn unbalanced_quotes() {
        for line in [r#"a "b"#, "a 'b", r#"a "b"c"#, "a 'b'c", r#"a "b\"#, r#"""x"#] {
            check(line, None);
        }
    }

    #[test]
    fn what_is_quoted_reads_back() {
        let every_byte = (0..=255).collect::<Vec<u8>>();
        for word in [b"".as_slice(), b"plain", b"with space", b"q\"q'q\\q", &every_byte] {
            assert_eq!(split_words(&quote(word)).unwrap(), [word]);
            assert_eq!(split_words(&quote_if_needed(word)).unwrap(), [word]);
        }
        assert_eq!(quote(b"a\x01\xff"), br#""a\x01\xff""#);
        assert_eq!(quote_if_needed(b"6379"), b"6379");
    }

    #[test]
    fn trimming() {
        assert_eq!(trim(b" \t# x\r\n"), b"# x");
        assert_eq!(trim(b"a b"), b"a b");
        assert_eq!(trim(b" \r"), b"");
    }
}
