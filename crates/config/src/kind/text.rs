//! Text: names, paths, passwords.

use std::ffi::OsStr;
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Kind, Prior, Problem, RewriteLine, only};
use crate::directive::Syntax;
use crate::line;

/// A type that text of redis.conf becomes.
pub(crate) trait TextValue: PartialEq + Sized {
    /// The value of `text`.
    fn from_text(text: &[u8]) -> Result<Self, Problem>;
    /// The text of the value; `None` where the directive is not set.
    fn text(&self) -> Option<&[u8]>;
}

impl TextValue for String {
    fn from_text(text: &[u8]) -> Result<Self, Problem> {
        String::from_utf8(text.to_vec()).map_err(|_| "argument must be valid UTF-8".into())
    }

    fn text(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }
}

impl TextValue for PathBuf {
    fn from_text(text: &[u8]) -> Result<Self, Problem> {
        Ok(OsStr::from_bytes(text).into())
    }

    fn text(&self) -> Option<&[u8]> {
        Some(self.as_os_str().as_bytes())
    }
}

impl<T: TextValue> TextValue for Option<T> {
    fn from_text(text: &[u8]) -> Result<Self, Problem> {
        if text.is_empty() { Ok(None) } else { T::from_text(text).map(Some) }
    }

    fn text(&self) -> Option<&[u8]> {
        self.as_ref().and_then(T::text)
    }
}

/// A password: any bytes, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The password itself.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl TextValue for Secret {
    fn from_text(text: &[u8]) -> Result<Self, Problem> {
        Ok(Self(text.to_vec()))
    }

    fn text(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

type Check = fn(&[u8]) -> Result<(), Problem>;

/// Text that a check accepts.
pub(crate) struct Text<T> {
    check: Check,
    value: PhantomData<T>,
}

/// Any text. Where the field is an `Option`, the empty text leaves it unset.
pub(crate) fn text<T>() -> Text<T> {
    text_where(|_| Ok(()))
}

/// Text that `check` accepts.
pub(crate) fn text_where<T>(check: Check) -> Text<T> {
    Text { check, value: PhantomData }
}

impl<T: TextValue> Kind for Text<T> {
    type Value = T;

    fn syntax(&self) -> Syntax {
        Syntax::Text
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, T>) -> Result<T, Problem> {
        let text = only(arguments)?;
        (self.check)(text)?;
        T::from_text(text)
    }

    fn render(&self, value: &T) -> Vec<u8> {
        value.text().unwrap_or_default().to_vec()
    }

    fn rewrite(&self, name: &str, value: &T, default: &T) -> Vec<RewriteLine> {
        value
            .text()
            .map(|text| RewriteLine::new(name, line::quote(text), value != default))
            .into_iter()
            .collect()
    }
}

/// Accepts the name of a file in `dir`: no slash, no backslash.
pub(crate) fn base_name(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'/' | b'\\'))
}

/// The greatest length of a host name plus one.
const HOST_NAME_BYTES_END: usize = 256;

/// Accepts a host name.
pub(crate) fn host_name(text: &[u8]) -> Result<(), Problem> {
    if text.len() >= HOST_NAME_BYTES_END {
        return Err(format!("Hostnames must be less than {HOST_NAME_BYTES_END} characters").into());
    }
    if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        return Err("Hostnames may only contain alphanumeric characters, hyphens or dots".into());
    }
    Ok(())
}

/// Accepts a name of a cluster node that fits into the cluster's own file.
pub(crate) fn node_name(text: &[u8]) -> Result<(), Problem> {
    if text.iter().any(|byte| b"!#$%&()*+:;<>?@[]^{|}~\0".contains(byte)) {
        return Err("Announced human node name contained invalid character".into());
    }
    Ok(())
}

/// Accepts a template of the process title: text and variables in braces, `{{` for a brace.
pub(crate) fn title_template(text: &[u8]) -> Result<(), Problem> {
    if is_title_template(text) {
        Ok(())
    } else {
        Err("template format is invalid or contains unknown variables".into())
    }
}

/// Whether `text` is a template, and one that shows something whatever its variables hold.
fn is_title_template(text: &[u8]) -> bool {
    const NEVER_EMPTY: [&[u8]; 3] = [b"listen-addr", b"port", b"tls-port"];
    const MAY_BE_EMPTY: [&[u8]; 4] = [b"title", b"server-mode", b"config-file", b"unixsocket"];
    let mut shows_something = false;
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return shows_something,
            [b'{', b'{', after @ ..] => {
                shows_something = true;
                after
            }
            [b'{', after @ ..] => {
                let Some(end) = after.iter().position(|byte| *byte == b'}') else { return false };
                let variable = &after[..end];
                if !NEVER_EMPTY.contains(&variable) && !MAY_BE_EMPTY.contains(&variable) {
                    return false;
                }
                shows_something |= NEVER_EMPTY.contains(&variable);
                &after[end + 1..]
            }
            [byte, after @ ..] => {
                shows_something |= *byte != b' ';
                after
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn plain_text() {
        let ident = text::<String>();
        assert_eq!(parse_new(&ident, &String::new(), "\"a b\""), Ok("a b".to_owned()));
        assert_eq!(
            parse_new(&ident, &String::new(), r#""\xff""#).unwrap_err(),
            "argument must be valid UTF-8"
        );
        let default = "redis".to_owned();
        assert_eq!(
            ident.rewrite("syslog-ident", &default, &default),
            [RewriteLine::new("syslog-ident", "\"redis\"", false)]
        );
    }

    #[test]
    fn what_is_not_set_has_no_line() {
        let socket = text::<Option<PathBuf>>();
        assert_eq!(parse_new(&socket, &None, "''"), Ok(None));
        assert_eq!(socket.render(&None), b"");
        assert_eq!(socket.rewrite("unixsocket", &None, &None), []);
        let path = parse_new(&socket, &None, "/run/a.sock").unwrap();
        assert_eq!(
            socket.rewrite("unixsocket", &path, &None),
            [RewriteLine::new("unixsocket", "\"/run/a.sock\"", true)]
        );
    }

    #[test]
    fn secrets_hold_any_bytes_and_keep_them_to_themselves() {
        let password = parse_new(&text::<Option<Secret>>(), &None, r#""s\x00\xff""#).unwrap().unwrap();
        assert_eq!(password.reveal(), b"s\x00\xff");
        assert_eq!(format!("{password:?}"), "Secret(…)");
    }

    #[test]
    fn names() {
        assert!(base_name(b"dump.rdb") && !base_name(b"a/b") && !base_name(b"a\\b"));
        assert_eq!(host_name(b"Node-1.example"), Ok(()));
        assert_eq!(host_name(&[b'a'; 256]).unwrap_err(), "Hostnames must be less than 256 characters");
        assert_eq!(
            host_name(b"a_b").unwrap_err(),
            "Hostnames may only contain alphanumeric characters, hyphens or dots"
        );
        assert_eq!(node_name(b"a-b_c 1"), Ok(()));
        assert_eq!(node_name(b"a@b").unwrap_err(), "Announced human node name contained invalid character");
    }

    #[test]
    fn templates() {
        for accepted in ["{title} {listen-addr} {server-mode}", "x", "a{{", "{{{port}", " {tls-port}"] {
            assert_eq!(title_template(accepted.as_bytes()), Ok(()), "{accepted}");
        }
        for refused in ["", "  ", "{title}", "{foo}", "{title", "{", "a{"] {
            let problem = title_template(refused.as_bytes()).unwrap_err();
            assert_eq!(problem, "template format is invalid or contains unknown variables", "{refused}");
        }
    }
}
