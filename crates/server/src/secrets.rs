//! Passwords in requests, which neither MONITOR nor SLOWLOG may show.

use std::ops::Range;

use resp::Arguments;

/// What stands in place of a secret, as in Redis.
const REDACTED: &[u8] = b"(redacted)";

/// The words of a request, with those hidden that are secret.
pub(crate) fn visible_words(arguments: Arguments<'_>) -> impl Iterator<Item = &[u8]> {
    let is = |index: usize, name: &str| {
        arguments.get(index).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    let (is_auth, is_hello, is_config_set) = (is(0, "auth"), is(0, "hello"), is(0, "config") && is(1, "set"));
    let is_about_users = is(0, "acl") && ["setuser", "deluser", "getuser"].iter().any(|name| is(1, name));
    let hello_secrets = if is_hello { (2..arguments.len()).find(|&index| is(index, "auth")) } else { None };
    let migrate_secrets = if is(0, "migrate") { login_of_migrate(arguments) } else { 0..0 };
    arguments.iter().enumerate().map(move |(index, word)| {
        let is_secret = (is_auth && index > 0)
            || (is_about_users && index > 1)
            || migrate_secrets.contains(&index)
            || hello_secrets.is_some_and(|auth| index == auth + 1 || index == auth + 2)
            || (is_config_set && index >= 3 && index % 2 == 1 && is_sensitive(arguments.get(index - 1)));
        if is_secret { REDACTED } else { word }
    })
}

/// Which words of a MIGRATE log in to the other server.
fn login_of_migrate(arguments: Arguments<'_>) -> Range<usize> {
    /// The words before its options.
    const OPTIONS: usize = 6;
    let is = |index: usize, name: &str| {
        arguments.get(index).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    // Behind KEYS there are keys, whatever they are called.
    let mut options = (OPTIONS..arguments.len()).take_while(|&index| !is(index, "keys"));
    match options.find(|&index| is(index, "auth") || is(index, "auth2")) {
        Some(option) => option + 1..option + 2 + usize::from(is(option, "auth2")),
        None => 0..0,
    }
}

/// Whether the directive's value is secret.
fn is_sensitive(directive: Option<&[u8]>) -> bool {
    let known = directive.and_then(|name| config::directive(&name.to_ascii_lowercase()));
    known.is_some_and(|(directive, _)| directive.traits.sensitive)
}

#[cfg(test)]
mod tests {
    use resp::OwnedArguments;

    use super::visible_words;

    #[test]
    fn passwords_are_hidden() {
        let cases = [
            ("AUTH secret", "AUTH (redacted)"),
            ("auth me secret", "auth (redacted) (redacted)"),
            ("HELLO 3 SETNAME n AUTH me secret", "HELLO 3 SETNAME n AUTH (redacted) (redacted)"),
            ("HELLO 3 AUTH", "HELLO 3 AUTH"),
            ("CONFIG SET timeout 1 RequirePass x", "CONFIG SET timeout 1 RequirePass (redacted)"),
            ("CONFIG SET requirepass", "CONFIG SET requirepass"),
            ("ACL SetUser ann on >secret", "ACL SetUser (redacted) (redacted) (redacted)"),
            ("ACL CAT hash", "ACL CAT hash"),
            ("MIGRATE h 1 k 0 9 REPLACE AUTH keys", "MIGRATE h 1 k 0 9 REPLACE AUTH (redacted)"),
            ("MIGRATE h 1 '' 0 9 auth2 me x KEYS a", "MIGRATE h 1 '' 0 9 auth2 (redacted) (redacted) KEYS a"),
            ("MIGRATE h 1 '' 0 9 KEYS auth b", "MIGRATE h 1 '' 0 9 KEYS auth b"),
            ("SET auth requirepass", "SET auth requirepass"),
        ];
        for (request, shown) in cases {
            let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
            let owned = OwnedArguments::from_parts(&words);
            let visible: Vec<&[u8]> = visible_words(owned.as_arguments()).collect();
            assert_eq!(visible.join(&b' '), shown.as_bytes());
        }
    }
}
