//! Glob patterns, as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules take them.
//!
//! | in a pattern | matches |
//! |---|---|
//! | `*` | any run of bytes, also none |
//! | `?` | one byte |
//! | `[abc]`, `[a-z]` | one byte that is listed or lies in the range, whichever way round it is written |
//! | `[^a-z]` | one byte that does not |
//! | `\x` | the byte `x` |
//! | other bytes | themselves |
//!
//! The oddities are Redis' own, for patterns in the field rely on them: a class that is not closed ends with the
//! pattern; `\` as the last byte stands for itself; ranges compare signed bytes; an escaped byte in a class is
//! compared with its case also by [`matches_ignore_case`]; and the empty text is matched by the empty pattern
//! only, not by `*`.
//!
//! A match takes at most `pattern.len() * text.len()` steps and no recursion: when the part after a `*` cannot be
//! found, no earlier `*` could help by taking more. (Redis gives up on patterns with more than a thousand `*`
//! that need them all; we need not.)

/// Whether `pattern` matches the whole of `text`.
///
/// ```
/// assert!(base::glob::matches(b"user:*:[0-9]?", b"user:ann:07"));
/// ```
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    Matcher { pattern, rank: |byte: u8| i16::from(byte as i8) }.matches(text)
}

/// As [`matches`], with the ASCII letters' case ignored.
pub fn matches_ignore_case(pattern: &[u8], text: &[u8]) -> bool {
    // C's `tolower` makes bytes beyond ASCII positive, all but the one that looks like its `EOF`.
    let rank = |byte: u8| if byte == 0xff { -1 } else { i16::from(byte.to_ascii_lowercase()) };
    Matcher { pattern, rank }.matches(text)
}

/// A pattern, and what of a byte is compared: equal for bytes that are the same, ordered as ranges are.
struct Matcher<'a, Rank> {
    pattern: &'a [u8],
    rank: Rank,
}

impl<Rank: Fn(u8) -> i16> Matcher<'_, Rank> {
    fn matches(&self, text: &[u8]) -> bool {
        if text.is_empty() {
            return self.pattern.is_empty();
        }
        let (mut at, mut position) = (0, 0);
        // The last `*`: where the pattern goes on after it, and where in the text that was last tried.
        let mut star: Option<(usize, usize)> = None;
        while position < text.len() {
            if self.pattern.get(at) == Some(&b'*') {
                at = self.after_stars(at);
                if at == self.pattern.len() {
                    return true;
                }
                star = Some((at, position));
                continue;
            }
            if let Some(next) = self.one(at, text[position]) {
                at = next;
                position += 1;
                continue;
            }
            let Some((after, tried)) = star else { return false };
            at = after;
            position = tried + 1;
            star = Some((after, position));
        }
        // Each other element takes exactly one byte, so a `*` that took more would leave even less for them.
        self.after_stars(at) == self.pattern.len()
    }

    /// The first place from `at` on that is not a `*`.
    fn after_stars(&self, at: usize) -> usize {
        at + self.pattern[at..].iter().take_while(|&&byte| byte == b'*').count()
    }

    /// Compares `byte` with the one element of the pattern at `at`: where the pattern goes on if it matches.
    #[inline]
    fn one(&self, at: usize, byte: u8) -> Option<usize> {
        match (*self.pattern.get(at)?, self.pattern.get(at + 1)) {
            (b'?', _) => Some(at + 1),
            (b'[', _) => self.class(at + 1, byte),
            (b'\\', Some(&literal)) => self.same(literal, byte).then_some(at + 2),
            (literal, _) => self.same(literal, byte).then_some(at + 1),
        }
    }

    /// As [`Matcher::one`], for the class whose content begins at `at`.
    fn class(&self, mut at: usize, byte: u8) -> Option<usize> {
        let negated = self.pattern.get(at) == Some(&b'^');
        at += usize::from(negated);
        let mut listed = false;
        loop {
            match self.pattern[at..] {
                [] => break,
                [b'\\', literal, ..] => {
                    listed |= literal == byte;
                    at += 2;
                }
                [b']', ..] => {
                    at += 1;
                    break;
                }
                [start, b'-', end, ..] => {
                    listed |= self.in_range(start, end, byte);
                    at += 3;
                }
                [literal, ..] => {
                    listed |= self.same(literal, byte);
                    at += 1;
                }
            }
        }
        (listed != negated).then_some(at)
    }

    #[inline]
    fn same(&self, a: u8, b: u8) -> bool {
        (self.rank)(a) == (self.rank)(b)
    }

    /// Whether `byte` lies between two bounds, which are put in order before their case is ignored.
    fn in_range(&self, a: u8, b: u8, byte: u8) -> bool {
        let (start, end) = if a as i8 <= b as i8 { (a, b) } else { (b, a) };
        ((self.rank)(start)..=(self.rank)(end)).contains(&(self.rank)(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&[u8], &[u8])], expected: bool, matches: fn(&[u8], &[u8]) -> bool) {
        for (pattern, text) in cases {
            let name = format!("{} on {}", pattern.escape_ascii(), text.escape_ascii());
            assert_eq!(matches(pattern, text), expected, "{name}");
        }
    }

    #[test]
    fn what_matches() {
        check(
            &[
                (b"", b""),
                (b"a", b"a"),
                (b"*", b"a"),
                (b"**", b"abc"),
                (b"a*", b"a"),
                (b"a**", b"a"),
                (b"*a", b"a"),
                (b"*a", b"aaa"),
                (b"*a*", b"ba"),
                (b"a*b*c", b"aXbYbZc"),
                (b"*abc", b"ababc"),
                (b"*a*a*a", b"aaa"),
                (b"h?llo", b"hello"),
                (b"h*llo", b"heeeello"),
                (b"??", b"ab"),
                (b"h[ae]llo", b"hallo"),
                (b"h[^e]llo", b"hallo"),
                (b"h[a-b]llo", b"hbllo"),
                (b"[b-a]", b"a"),
                (b"[a-c-e]", b"-"),
                (b"[a\\]b]", b"]"),
                (b"[\\a]", b"a"),
                (b"[\\", b"\\"),
                (b"[abc", b"c"),
                (b"x[abc", b"xb"),
                (b"[^", b"q"),
                (b"[^]", b"q"),
                (b"[a-", b"-"),
                (b"[a-]", b"^"),
                (b"[\x01-\xff]", b"\xff"),
                (b"[\x80-\x90]", b"\x85"),
                (b"\\*", b"*"),
                (b"\\?x", b"?x"),
                (b"a\\", b"a\\"),
                (b"a\\b", b"ab"),
                (b"\xff\0*", b"\xff\0\n"),
                (b"[a-z]*[0-9]", b"k-1-2"),
            ],
            true,
            matches,
        );
    }

    #[test]
    fn what_does_not() {
        check(
            &[
                (b"", b"a"),
                (b"*", b""),
                (b"**", b""),
                (b"a", b""),
                (b"a", b"A"),
                (b"a", b"ab"),
                (b"ab", b"a"),
                (b"?", b"ab"),
                (b"a?", b"a"),
                (b"*a", b"ab"),
                (b"a*b", b"acbc"),
                (b"*ab*ab", b"cab"),
                (b"h[^e]llo", b"hello"),
                (b"[", b"["),
                (b"[]", b"]"),
                (b"[]a]", b"a]"),
                (b"[a-c]", b"d"),
                (b"[\x01-\xff]", b"\x02"),
                (b"\\*", b"x"),
                (b"a\\", b"a"),
                (b"[a-]]", b"a]"),
            ],
            false,
            matches,
        );
    }

    #[test]
    fn ignoring_case() {
        let case_blind: &[(&[u8], &[u8])] =
            &[(b"MaxMemory*", b"maxmemory-policy"), (b"[A-C]", b"b"), (b"[a-c]", b"B"), (b"[X]\\Y", b"xy")];
        check(case_blind, true, matches_ignore_case);
        check(case_blind, false, matches);
        // An escaped byte in a class keeps its case, and bounds are ordered before they are lowered.
        check(
            &[(b"[\\A]", b"a"), (b"[Z-a]", b"b"), (b"[B-\x80]", b"B"), (b"\xc4", b"\xe4")],
            false,
            matches_ignore_case,
        );
    }

    /// Which prefixes of the text are matched, element by element: no backtracking, so nothing to get wrong.
    fn matches_by_table(pattern: &[u8], text: &[u8]) -> bool {
        let matcher = Matcher { pattern, rank: |byte: u8| i16::from(byte as i8) };
        let mut reached = vec![vec![false; text.len() + 1]; pattern.len() + 1];
        reached[0][0] = true;
        for at in 0..pattern.len() {
            for position in 0..=text.len() {
                if !reached[at][position] {
                    continue;
                }
                if pattern[at] == b'*' {
                    reached[at + 1][position..].fill(true);
                } else if let Some(next) = text.get(position).and_then(|&byte| matcher.one(at, byte)) {
                    reached[next][position + 1] = true;
                }
            }
        }
        reached[pattern.len()][text.len()]
    }

    #[test]
    fn backtracking_finds_what_the_table_finds() {
        let mut random = crate::random::Random::from_seed(7);
        let mut matched = 0;
        for _ in 0..200_000 {
            let mut bytes = |alphabet: &[u8], length_max: u64| -> Vec<u8> {
                (0..random.below(length_max))
                    .map(|_| alphabet[random.below(alphabet.len() as u64) as usize])
                    .collect()
            };
            let (pattern, text) = (bytes(b"aab***?[]^-\\", 10), bytes(b"aaab]-", 9));
            if text.is_empty() {
                continue;
            }
            let expected = matches_by_table(&pattern, &text);
            check(&[(&pattern, &text)], expected, matches);
            matched += u32::from(expected);
        }
        assert!(matched > 5_000, "only {matched} patterns matched: the test has lost its teeth");
    }

    #[test]
    fn abusive_patterns_end_soon() {
        let pattern = [b"a*".repeat(50_000), b"b".to_vec()].concat();
        assert!(!matches(&pattern, &b"a".repeat(100_000)));
        assert!(matches(&b"*?".repeat(5_000), &b"a".repeat(5_000)));
    }
}
