//! A user: how to prove to be it, and what it may do.

use crate::RuleError;
use crate::catalogue::Catalogue;
use crate::keys::is_pattern;
use crate::password::Password;
use crate::selector::Selector;

/// Which channels are allowed to whoever is new, until rules say otherwise: `acl-pubsub-default`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewChannels {
    /// All of them.
    All,
    /// None of them.
    None,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    name: Box<[u8]>,
    is_on: bool,
    needs_no_password: bool,
    /// Whether RESTORE may take what it is given on trust.
    skips_sanitizing: bool,
    passwords: Vec<Password>,
    /// The rules outside of parentheses.
    root: Selector,
    /// Those within.
    selectors: Vec<Selector>,
}

impl User {
    /// A user that may do nothing and cannot log in.
    pub fn new(name: &[u8], catalogue: &Catalogue, new_channels: NewChannels) -> User {
        User {
            name: name.into(),
            is_on: false,
            needs_no_password: false,
            skips_sanitizing: false,
            passwords: Vec::new(),
            root: Selector::new(catalogue, new_channels),
            selectors: Vec::new(),
        }
    }

    /// The user that every connection begins with, as long as no rule changes it: it may do everything, and needs no
    /// password.
    pub fn default_user(catalogue: &Catalogue) -> User {
        let mut user = User::new(b"default", catalogue, NewChannels::All);
        user.is_on = true;
        user.needs_no_password = true;
        user.root.commands.reset(true);
        user.root.keys.reset(true);
        user
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether anybody may log in as this user.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whether any password will do.
    pub fn needs_no_password(&self) -> bool {
        self.needs_no_password
    }

    /// Whether it may do everything.
    #[inline]
    pub fn is_unrestricted(&self) -> bool {
        self.selectors().any(Selector::is_unrestricted)
    }

    /// What it may do by the rules outside of parentheses.
    pub fn root(&self) -> &Selector {
        &self.root
    }

    /// What else it may do.
    pub fn further_selectors(&self) -> &[Selector] {
        &self.selectors
    }

    pub(crate) fn selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }

    /// Whether the password is one of the user's.
    pub(crate) fn accepts(&self, password: &Password) -> bool {
        // All are compared, so that the time does not tell which one it was.
        let is_known = self.passwords.iter().fold(false, |is_known, known| is_known | known.is(password));
        self.is_on && (self.needs_no_password || is_known)
    }

    /// Sets the one password, or that there is none to give.
    pub fn require(&mut self, password: Option<&[u8]>) {
        self.needs_no_password = password.is_none();
        self.passwords = password.map(Password::of).into_iter().collect();
    }

    /// Applies one rule; an empty one does nothing.
    pub fn apply(
        &mut self,
        rule: &[u8],
        catalogue: &Catalogue,
        new_channels: NewChannels,
    ) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"" => {}
            b"on" => self.is_on = true,
            b"off" => self.is_on = false,
            b"skip-sanitize-payload" => self.skips_sanitizing = true,
            b"sanitize-payload" => self.skips_sanitizing = false,
            b"nopass" => self.require(None),
            b"resetpass" => {
                self.needs_no_password = false;
                self.passwords.clear();
            }
            b"clearselectors" => self.selectors.clear(),
            b"reset" => *self = User::new(&self.name, catalogue, new_channels),
            _ => match rule {
                [b'>', password @ ..] => self.add_password(Password::of(password)),
                [b'#', hash @ ..] => self.add_password(Password::from_hex(hash)?),
                [b'<', password @ ..] => self.remove_password(&Password::of(password))?,
                [b'!', hash @ ..] => self.remove_password(&Password::from_hex(hash)?)?,
                [b'(', rules @ .., b')'] => {
                    let mut selector = Selector::new(catalogue, new_channels);
                    let rules = rules.split(u8::is_ascii_whitespace).filter(|rule| !rule.is_empty());
                    rules.into_iter().try_for_each(|rule| selector.apply(rule, catalogue))?;
                    self.selectors.push(selector);
                }
                _ => self.root.apply(rule, catalogue)?,
            },
        }
        Ok(())
    }

    fn add_password(&mut self, password: Password) {
        if !self.passwords.iter().any(|known| known.is(&password)) {
            self.passwords.push(password);
        }
        self.needs_no_password = false;
    }

    fn remove_password(&mut self, password: &Password) -> Result<(), RuleError> {
        let place = self.passwords.iter().position(|known| known.is(password));
        self.passwords.remove(place.ok_or(RuleError::NoSuchPassword)?);
        Ok(())
    }

    /// What holds of it, in the words of the rules.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.is_on { "on" } else { "off" }];
        flags.extend(self.needs_no_password.then_some("nopass"));
        flags.push(if self.skips_sanitizing { "skip-sanitize-payload" } else { "sanitize-payload" });
        flags
    }

    /// The SHA-256 of its passwords, in hexadecimal digits.
    pub fn password_hashes(&self) -> impl ExactSizeIterator<Item = String> {
        self.passwords.iter().map(Password::to_string)
    }

    /// The rules that make it, as they stand in a file: the line without `user` and the name.
    pub fn rules(&self) -> Vec<u8> {
        let mut rules: Vec<Vec<u8>> = self.flags().into_iter().map(|flag| flag.as_bytes().to_vec()).collect();
        rules.extend(self.password_hashes().map(|hash| format!("#{hash}").into_bytes()));
        rules.push(self.root.describe());
        rules.extend(self.selectors.iter().map(|selector| [b"(", &*selector.describe(), b")"].concat()));
        rules.join(&b' ')
    }
}

/// Whether a user can have this name: it must stand in a line of a file.
pub fn is_name(name: &[u8]) -> bool {
    is_pattern(name)
}

/// The rules among `words`, where what is within parentheses may be spread over several words; an error is the word with
/// the parenthesis that is never closed.
pub fn merge_selectors<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    let mut rules = Vec::new();
    // What has been opened: the word that did, and all words since.
    let mut open: Option<(Vec<u8>, Vec<u8>)> = None;
    for word in words {
        let word = word.as_ref();
        match &mut open {
            None if word.starts_with(b"(") && !word.ends_with(b")") => {
                open = Some((word.to_vec(), word.to_vec()))
            }
            None => rules.push(word.to_vec()),
            Some((_, rule)) => {
                rule.push(b' ');
                rule.extend(word);
                if word.ends_with(b")") {
                    rules.extend(open.take().map(|(_, rule)| rule));
                }
            }
        }
    }
    match open {
        Some((word, _)) => Err(word),
        None => Ok(rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::some_commands;

    fn user(rules: &str) -> Result<User, RuleError> {
        let catalogue = some_commands();
        let mut user = User::new(b"ann", &catalogue, NewChannels::None);
        for rule in merge_selectors(rules.split(' ')).unwrap() {
            user.apply(&rule, &catalogue, NewChannels::None)?;
        }
        Ok(user)
    }

    #[track_caller]
    fn check(rules: &str, expected: &str) {
        let described = String::from_utf8(user(rules).unwrap().rules()).unwrap();
        assert_eq!(described, expected, "{rules}");
        let again = String::from_utf8(user(&described).unwrap().rules()).unwrap();
        assert_eq!(again, expected, "what is described reads back");
    }

    #[test]
    fn rules_come_back_as_they_are_written_to_a_file() {
        const PASSWORD: &str = "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check("", "off sanitize-payload resetchannels -@all");
        check("on nopass ~* &* +@all", "on nopass sanitize-payload ~* &* +@all");
        check("on >abc >abc", &format!("on sanitize-payload {PASSWORD} resetchannels -@all"));
        check("nopass >abc", &format!("off sanitize-payload {PASSWORD} resetchannels -@all"));
        check(">abc nopass", "off nopass sanitize-payload resetchannels -@all");
        check(&format!("{PASSWORD} <abc"), "off sanitize-payload resetchannels -@all");
        check(
            "ON Skip-Sanitize-Payload ~a %R~b &c +GET (+set ~d) ( &e %W~f )",
            "on skip-sanitize-payload ~a %R~b resetchannels &c -@all +get (~d resetchannels -@all +set) \
             (%W~f resetchannels &e -@all)",
        );
        check("(+get) clearselectors", "off sanitize-payload resetchannels -@all");
        check("on nopass allkeys allcommands (+get) reset", "off sanitize-payload resetchannels -@all");
    }

    #[test]
    fn rules_that_are_wrong() {
        for (rules, expected) in [
            ("nosuch", RuleError::Syntax),
            (")", RuleError::Syntax),
            ("(nosuch)", RuleError::Syntax),
            ("(on)", RuleError::Syntax),
            ("(+PING (+SELECT (+HGET ) ) )", RuleError::Syntax),
            ("(&* &fail)", RuleError::ChannelsAfterAll),
            ("~* ~a", RuleError::KeysAfterAll),
            ("<abc", RuleError::NoSuchPassword),
            ("#abc", RuleError::BadHash),
            ("!abc", RuleError::BadHash),
        ] {
            assert_eq!(user(rules).err(), Some(expected), "{rules}");
        }
        assert_eq!(merge_selectors(["+get", "(+set", "~a"]), Err(b"(+set".to_vec()));
    }

    #[test]
    fn who_gives_the_password_is_let_in() {
        let accepts =
            |rules: &str, password: &str| user(rules).unwrap().accepts(&Password::of(password.as_bytes()));
        assert!(accepts("on >abc >def", "abc") && accepts("on >abc >def", "def"));
        assert!(!accepts("on >abc", "abd") && !accepts(">abc", "abc") && !accepts("on", ""));
        assert!(accepts("on nopass", "anything") && !accepts("off nopass", "anything"));
        assert!(!accepts("on nopass resetpass", "") && !accepts("on >abc <abc", "abc"));
    }

    #[test]
    fn only_one_selector_alone_may_do_everything() {
        assert!(user("+@all ~* &*").unwrap().is_unrestricted());
        assert!(user("(+@all ~* &*)").unwrap().is_unrestricted());
        assert!(!user("+@all &* (~* &*)").unwrap().is_unrestricted());
        assert!(!user("+@all ~* &* -get +get").unwrap().is_unrestricted());
    }
}
