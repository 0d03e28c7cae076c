//! `notify-keyspace-events`: which changes of keys are published.

use base::events::EventClasses;

use super::{Kind, Prior, Problem, RewriteLine, only};
use crate::directive::Syntax;
use crate::line;

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
            let class = class.ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
            classes = classes.with(*class);
        }
        Ok(classes)
    }

    fn render(&self, value: &EventClasses) -> Vec<u8> {
        let mut letters = Vec::new();
        let mut rest = *value;
        for (letter, class) in LETTERS {
            if rest.contains(class) {
                letters.push(letter);
                rest = rest.without(class);
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
