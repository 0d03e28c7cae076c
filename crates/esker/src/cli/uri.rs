//! `redis://user:password@host:port/database`, or `rediss://…` where the connection is encrypted.

/// What a URI says; what it leaves out is left as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// Whether the connection is to be encrypted.
    pub is_encrypted: bool,
    /// The user.
    pub user: Option<Vec<u8>>,
    /// The password.
    pub password: Option<Vec<u8>>,
    /// The host, an IPv6 address without its brackets.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The number of the database.
    pub database: Option<u32>,
}

/// Reads a URI.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Uri, String> {
    let (is_encrypted, rest) = match (text.strip_prefix("redis://"), text.strip_prefix("rediss://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Err("a URI begins with redis:// or rediss://".to_owned()),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut uri = Uri { is_encrypted, ..Uri::default() };
    let address = match authority.rsplit_once('@') {
        None => authority,
        Some((login, address)) => {
            let (user, password) = login.split_once(':').unwrap_or(("", login));
            uri.user = decoded(user)?;
            uri.password = decoded(password)?;
            address
        }
    };
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    uri.host = (!host.is_empty()).then(|| host.to_owned());
    uri.port =
        port.map(|port| port.parse().map_err(|_| format!("{port} in the URI is not a port"))).transpose()?;
    uri.database = (!path.is_empty())
        .then(|| path.parse().map_err(|_| format!("{path} in the URI is not the number of a database")))
        .transpose()?;
    Ok(uri)
}

/// A part with `%41` and its like replaced; nothing where it is empty.
fn decoded(text: &str) -> Result<Option<Vec<u8>>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.split_at_checked(2).and_then(|(digits, after)| {
            rest = after;
            let digits = std::str::from_utf8(digits).ok()?;
            digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
        });
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("two hexadecimal digits belong behind a % in the URI")?);
    }
    Ok((!bytes.is_empty()).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Uri, parse};

    #[test]
    fn every_part_may_be_left_out() {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        let whole = Uri {
            is_encrypted: false,
            user: bytes("me"),
            password: bytes("p:@/"),
            host: Some("example.org".to_owned()),
            port: Some(6380),
            database: Some(3),
        };
        assert_eq!(parse("redis://me:p%3A%40%2f@example.org:6380/3"), Ok(whole));
        assert_eq!(parse("redis://"), Ok(Uri::default()));
        assert_eq!(parse("redis://:p@").unwrap(), Uri { password: bytes("p"), ..Uri::default() });
        assert_eq!(parse("redis://p@").unwrap(), Uri { password: bytes("p"), ..Uri::default() });
        assert_eq!(parse("rediss://").unwrap(), Uri { is_encrypted: true, ..Uri::default() });
        let host = Uri { host: Some("::1".to_owned()), ..Uri::default() };
        assert_eq!(parse("redis://[::1]:7/").unwrap(), Uri { port: Some(7), ..host });
    }

    #[test]
    fn what_is_no_uri() {
        for text in
            ["localhost", "redisss://h", "redis://h:x", "redis://h/x", "redis://%4@h", "redis://%+1@h"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
