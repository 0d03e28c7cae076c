//! Which keys a selector allows, to be read and to be written.

use crate::RuleError;

/// What is done with a key. A request that only asks whether there is one does neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Its value is given out, or copied elsewhere.
    pub reads: bool,
    /// It is changed.
    pub writes: bool,
}

impl Access {
    /// Both.
    pub const FULL: Access = Access { reads: true, writes: true };

    fn covers(self, needed: Access) -> bool {
        (self.reads || !needed.reads) && (self.writes || !needed.writes)
    }
}

/// The keys that a selector allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    is_all: bool,
    patterns: Vec<KeyPattern>,
}

#[derive(Clone, Debug)]
struct KeyPattern {
    access: Access,
    pattern: Box<[u8]>,
}

impl Keys {
    /// All keys, or none.
    pub fn reset(&mut self, is_all: bool) {
        *self = Keys { is_all, patterns: Vec::new() };
    }

    /// Adds the pattern of a rule `~pattern`, `%R~pattern`, `%W~pattern` or `%RW~pattern`.
    pub fn add(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        if self.is_all {
            return Err(RuleError::KeysAfterAll);
        }
        let (access, pattern) = split(rule).ok_or(RuleError::Syntax)?;
        if !is_pattern(pattern) {
            return Err(RuleError::Syntax);
        }
        match self.patterns.iter_mut().find(|known| *known.pattern == *pattern) {
            Some(known) => {
                known.access.reads |= access.reads;
                known.access.writes |= access.writes;
            }
            None => self.patterns.push(KeyPattern { access, pattern: pattern.into() }),
        }
        Ok(())
    }

    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether all that is needed of `key` is allowed, by one pattern.
    pub fn allow(&self, key: &[u8], needed: Access) -> bool {
        let allows =
            |known: &KeyPattern| known.access.covers(needed) && base::glob::matches(&known.pattern, key);
        self.is_all || self.patterns.iter().any(allows)
    }

    /// Whether every key may be read, as by whoever looks up keys whose names come from other keys.
    pub fn allow_reading_all(&self) -> bool {
        let allows = |known: &KeyPattern| known.access.reads && *known.pattern == *b"*";
        self.is_all || self.patterns.iter().any(allows)
    }

    /// The rules that make these.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        if self.is_all {
            return vec![b"~*".to_vec()];
        }
        let rule = |known: &KeyPattern| {
            let prefix: &[u8] = match known.access {
                Access { reads: true, writes: false } => b"%R~",
                Access { reads: false, writes: true } => b"%W~",
                _ => b"~",
            };
            [prefix, &known.pattern].concat()
        };
        self.patterns.iter().map(rule).collect()
    }
}

/// What a rule allows, and of which keys.
fn split(rule: &[u8]) -> Option<(Access, &[u8])> {
    if let Some(pattern) = rule.strip_prefix(b"~") {
        return Some((Access::FULL, pattern));
    }
    let rest = rule.strip_prefix(b"%")?;
    let tilde = rest.iter().position(|byte| *byte == b'~')?;
    let mut access = Access::default();
    for letter in &rest[..tilde] {
        let given = match letter.to_ascii_uppercase() {
            b'R' => &mut access.reads,
            b'W' => &mut access.writes,
            _ => return None,
        };
        if std::mem::replace(given, true) {
            return None;
        }
    }
    (access != Access::default()).then_some((access, &rest[tilde + 1..]))
}

/// Whether it can stand in a rule: a rule ends at a blank.
pub(crate) fn is_pattern(pattern: &[u8]) -> bool {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x0b);
    !pattern.iter().any(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Access = Access { reads: true, writes: false };
    const WRITE: Access = Access { reads: false, writes: true };

    fn keys(rules: &str) -> Keys {
        let mut keys = Keys::default();
        rules.split(' ').for_each(|rule| keys.add(rule.as_bytes()).unwrap());
        keys
    }

    #[test]
    fn reading_and_writing_are_allowed_apart_and_by_one_pattern() {
        let keys = keys("%R~r* %W~w* ~b* %rw~both");
        for (key, reads, writes) in [
            ("r1", true, false),
            ("w1", false, true),
            ("b1", true, true),
            ("both", true, true),
            ("x", false, false),
        ] {
            assert_eq!(keys.allow(key.as_bytes(), READ), reads, "{key}");
            assert_eq!(keys.allow(key.as_bytes(), WRITE), writes, "{key}");
            assert_eq!(keys.allow(key.as_bytes(), Access::FULL), reads && writes, "{key}");
            assert_eq!(keys.allow(key.as_bytes(), Access::default()), reads || writes, "{key}");
        }
        let apart = super::tests::keys("%R~a* %W~*a");
        assert!(apart.allow(b"aa", READ) && apart.allow(b"aa", WRITE) && !apart.allow(b"aa", Access::FULL));
    }

    #[test]
    fn the_same_pattern_twice_adds_up() {
        let rules: Vec<String> = keys("%R~foo %W~foo ~bar %R~bar")
            .rules()
            .into_iter()
            .map(|rule| String::from_utf8(rule).unwrap())
            .collect();
        assert_eq!(rules, ["~foo", "~bar"]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for bad in ["%~", "%R", "%RR~a", "%X~a", "%", "~a b", "~a\0", "%R~a\x0b"] {
            assert_eq!(Keys::default().add(bad.as_bytes()), Err(RuleError::Syntax), "{bad}");
        }
        let mut all = Keys::default();
        all.reset(true);
        assert_eq!(all.add(b"~a"), Err(RuleError::KeysAfterAll));
    }

    #[test]
    fn only_a_star_alone_reads_everything() {
        assert!(keys("%R~*").allow_reading_all() && keys("%W~* %R~*").allow_reading_all());
        assert!(!keys("%W~* ~**x").allow_reading_all());
    }
}
