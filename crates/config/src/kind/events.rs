//! `notify-keyspace-events`: which changes of keys are published.

use super::{Kind, Prior, Problem, RewriteLine, only};
use crate::directive::Syntax;
use crate::line;

/// A set of classes of keyspace events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventClasses(u16);

impl EventClasses {
    /// No events.
    pub const NONE: Self = Self(0);
    /// `K`: publish to `__keyspace@<db>__:<key>`.
    pub const KEYSPACE: Self = Self(1 << 0);
    /// `E`: publish to `__keyevent@<db>__:<event>`.
    pub const KEYEVENT: Self = Self(1 << 1);
    /// `g`: commands of no type, as DEL, EXPIRE, RENAME.
    pub const GENERIC: Self = Self(1 << 2);
    /// `$`: string commands.
    pub const STRING: Self = Self(1 << 3);
    /// `l`: list commands.
    pub const LIST: Self = Self(1 << 4);
    /// `s`: set commands.
    pub const SET: Self = Self(1 << 5);
    /// `h`: hash commands.
    pub const HASH: Self = Self(1 << 6);
    /// `z`: sorted set commands.
    pub const ZSET: Self = Self(1 << 7);
    /// `x`: a key expired.
    pub const EXPIRED: Self = Self(1 << 8);
    /// `e`: a key was evicted.
    pub const EVICTED: Self = Self(1 << 9);
    /// `t`: stream commands.
    pub const STREAM: Self = Self(1 << 10);
    /// `m`: a key that does not exist was read; not among `A`.
    pub const KEY_MISS: Self = Self(1 << 11);
    /// `d`: modules' own types.
    pub const MODULE: Self = Self(1 << 12);
    /// `n`: a key was created; not among `A`.
    pub const NEW: Self = Self(1 << 13);
    /// `A`: all of `g$lshzxetd`.
    pub const ALL: Self = Self(
        Self::GENERIC.0
            | Self::STRING.0
            | Self::LIST.0
            | Self::SET.0
            | Self::HASH.0
            | Self::ZSET.0
            | Self::EXPIRED.0
            | Self::EVICTED.0
            | Self::STREAM.0
            | Self::MODULE.0,
    );

    /// Whether all of `classes` are in the set.
    pub fn contains(self, classes: Self) -> bool {
        self.0 & classes.0 == classes.0
    }
}

/// The letters in the order in which Redis shows them. Redis leaves `n` out beside `A`, and so forgets it in
/// CONFIG REWRITE; here it stays.
const LETTERS: [(u8, EventClasses); 15] = [
    (b'A', EventClasses::ALL),
    (b'g', EventClasses::GENERIC),
    (b'$', EventClasses::STRING),
    (b'l', EventClasses::LIST),
    (b's', EventClasses::SET),
    (b'h', EventClasses::HASH),
    (b'z', EventClasses::ZSET),
    (b'x', EventClasses::EXPIRED),
    (b'e', EventClasses::EVICTED),
    (b't', EventClasses::STREAM),
    (b'd', EventClasses::MODULE),
    (b'n', EventClasses::NEW),
    (b'K', EventClasses::KEYSPACE),
    (b'E', EventClasses::KEYEVENT),
    (b'm', EventClasses::KEY_MISS),
];

/// A word whose letters are classes.
pub(crate) struct EventLetters;

impl Kind for EventLetters {
    type Value = EventClasses;

    fn syntax(&self) -> Syntax {
        Syntax::Form("<any of KEg$lshzxetdmnA> | \"\"")
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, EventClasses>) -> Result<EventClasses, Problem> {
        let mut classes = EventClasses::NONE;
        for letter in only(arguments)? {
            let class = LETTERS.iter().find(|(known, _)| known == letter).map(|(_, class)| class);
            classes.0 |= class.ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?.0;
        }
        Ok(classes)
    }

    fn render(&self, value: &EventClasses) -> Vec<u8> {
        let mut letters = Vec::new();
        let mut rest = *value;
        for (letter, class) in LETTERS {
            if rest.contains(class) {
                letters.push(letter);
                rest.0 &= !class.0;
            }
        }
        letters
    }

    fn rewrite(&self, name: &str, value: &EventClasses, default: &EventClasses) -> Vec<RewriteLine> {
        vec![RewriteLine::new(name, line::quote(&self.render(value)), value != default)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    fn check(letters: &str, shown: &str) {
        let classes = parse_new(&EventLetters, &EventClasses::NONE, letters).unwrap();
        assert_eq!(String::from_utf8(EventLetters.render(&classes)).unwrap(), shown, "{letters}");
    }

    #[test]
    fn letters() {
        check("''", "");
        check("KEA", "AKE");
        check("g$lm", "g$lm");
        check("Elg", "glE");
        check("g$lshzxetdKE", "AKE");
        check("KEAm", "AKEm");
        check("nK", "nK");
        check("KAn", "AnK");
        let problem = parse_new(&EventLetters, &EventClasses::NONE, "KQ").unwrap_err();
        assert_eq!(problem, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        let classes = parse_new(&EventLetters, &EventClasses::NONE, "Ex").unwrap();
        assert!(classes.contains(EventClasses::EXPIRED) && !classes.contains(EventClasses::KEYSPACE));
    }
}
