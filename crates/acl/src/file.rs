//! The file of users: `aclfile`.

use crate::catalogue::Catalogue;
use crate::user::{NewChannels, User, is_name, merge_selectors};

/// The users of a file that is called `name` in what is told of its errors: one line for each, `user` and its name, then
/// its rules. Comments are errors, since the file is made to be written anew.
///
/// # Errors
/// All that is wrong, in one line.
pub fn parse(
    text: &[u8],
    name: &str,
    catalogue: &Catalogue,
    new_channels: NewChannels,
) -> Result<Vec<User>, String> {
    let mut users: Vec<User> = Vec::new();
    let mut errors = String::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match parse_line(line, index + 1, name, &users, catalogue, new_channels) {
            Ok(user) => users.push(user),
            Err(error) => errors.push_str(&error),
        }
    }
    if errors.is_empty() {
        return Ok(users);
    }
    errors
        .push_str("WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
    Err(errors)
}

fn parse_line(
    line: &[u8],
    number: usize,
    file: &str,
    earlier: &[User],
    catalogue: &Catalogue,
    new_channels: NewChannels,
) -> Result<User, String> {
    let shown = String::from_utf8_lossy;
    let mut words = line.split(|byte| *byte == b' ');
    let (b"user", Some(name)) = (words.next().unwrap_or_default(), words.next()) else {
        return Err(format!("{file}:{number} should start with user keyword followed by the username. "));
    };
    if !is_name(name) {
        let name = shown(name);
        return Err(format!("'{file}:{number}: username '{name}' contains invalid characters. "));
    }
    if earlier.iter().any(|user| user.name() == name) {
        return Err(format!("WARNING: Duplicate user '{}' found on line {number}. ", shown(name)));
    }
    let rules = merge_selectors(words.map(<[u8]>::trim_ascii))
        .map_err(|_| format!("{file}:{number}: Unmatched parenthesis in selector definition."))?;
    let mut user = User::new(name, catalogue, new_channels);
    let mut errors = String::new();
    let mut has_secret_error = false;
    for rule in rules {
        match user.apply(&rule, catalogue, new_channels) {
            Ok(()) => {}
            // A command's name is nothing to hide.
            Err(error @ crate::RuleError::Unknown) => {
                let rule = shown(&rule);
                errors.push_str(&format!("{file}:{number}: Error in applying operation '{rule}': {error}. "));
            }
            Err(error) if !has_secret_error => {
                errors.push_str(&format!("{file}:{number}: {error}. "));
                has_secret_error = true;
            }
            Err(_) => {}
        }
    }
    if errors.is_empty() { Ok(user) } else { Err(errors) }
}

/// The text of a file that holds `users`.
pub fn written<'u>(users: impl IntoIterator<Item = &'u User>) -> Vec<u8> {
    let line = |user: &'u User| [b"user ", user.name(), b" ", &*user.rules(), b"\n"].concat();
    users.into_iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::some_commands;

    fn read(text: &str) -> Result<Vec<User>, String> {
        parse(text.as_bytes(), "users.acl", &some_commands(), NewChannels::None)
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = "\r\nuser ann on nopass ~* (+get ~a)  ( +set ~b )\t\n\nuser bob\n";
        let written_once = written(&read(text).unwrap());
        let expected = "user ann on nopass sanitize-payload ~* resetchannels -@all (~a resetchannels -@all +get) \
                        (~b resetchannels -@all +set)\nuser bob off sanitize-payload resetchannels -@all\n";
        assert_eq!(String::from_utf8(written_once.clone()).unwrap(), expected);
        let again = read(std::str::from_utf8(&written_once).unwrap()).unwrap();
        assert_eq!(written(&again), written_once);
    }

    /// Strange, but somebody may have made it.
    #[test]
    fn a_user_without_a_name_survives() {
        let catalogue = some_commands();
        let text = written(&[User::new(b"", &catalogue, NewChannels::None)]);
        assert_eq!(written(&read(std::str::from_utf8(&text).unwrap()).unwrap()), text);
    }

    #[test]
    fn every_error_is_told_and_no_password() {
        const END: &str =
            "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
        for (text, expected) in [
            ("# comment", "users.acl:1 should start with user keyword followed by the username. "),
            ("user", "users.acl:1 should start with user keyword followed by the username. "),
            ("user a\tb on", "'users.acl:1: username 'a\tb' contains invalid characters. "),
            ("user ann\nuser ann", "WARNING: Duplicate user 'ann' found on line 2. "),
            ("user ann (+get", "users.acl:1: Unmatched parenthesis in selector definition."),
            (
                "user ann +nosuch #secret secret\nuser bob ~a\0",
                "users.acl:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. \
                 users.acl:1: The password hash must be exactly 64 characters and contain only lowercase hexadecimal \
                 characters. users.acl:2: Syntax error. ",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("{expected}{END}"), "{text}");
        }
    }
}
