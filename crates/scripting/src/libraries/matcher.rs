//! Matching one pattern of Lua's at one place.
//!
//! The language is described at <https://www.lua.org/manual/5.1/manual.html#5.4.1>; `%f[set]`, the frontier, is there
//! too.

/// Nested deeper, a pattern is refused.
const DEPTH_MAX: usize = 200;

/// More captures than this are refused.
const CAPTURES_MAX: usize = 32;

/// Whether to go on is asked after so many comparisons.
const COMPARISONS_BETWEEN_QUESTIONS: u32 = 100_000;

/// A part of the text that a pattern has captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// From here to there.
    Part(usize, usize),
    /// A position alone, of `()`.
    Position(usize),
}

/// A match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub start: usize,
    pub end: usize,
    pub captures: Vec<Capture>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The pattern makes no sense.
    Malformed(&'static str),
    /// The script must not go on.
    Stopped,
}

type Found = Result<Option<usize>, Fault>;

#[derive(Clone, Copy)]
enum Open {
    Unfinished(usize),
    Done(Capture),
}

pub(super) struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Open>,
    depth: usize,
    comparisons: u32,
    goes_on: &'a dyn Fn() -> bool,
}

impl<'a> Matcher<'a> {
    pub fn new(text: &'a [u8], pattern: &'a [u8], goes_on: &'a dyn Fn() -> bool) -> Matcher<'a> {
        Matcher { text, pattern, captures: Vec::new(), depth: 0, comparisons: 0, goes_on }
    }

    /// The match that begins at `start`.
    pub fn run(mut self, start: usize) -> Result<Option<Match>, Fault> {
        let Some(end) = self.matches(start, 0)? else { return Ok(None) };
        let mut captures = Vec::with_capacity(self.captures.len());
        for capture in &self.captures {
            match capture {
                Open::Done(capture) => captures.push(*capture),
                Open::Unfinished(_) => return Err(Fault::Malformed("unfinished capture")),
            }
        }
        Ok(Some(Match { start, end, captures }))
    }

    /// Where the pattern from `p` on, which matches the text from `s` on, ends.
    fn matches(&mut self, s: usize, p: usize) -> Found {
        if self.depth >= DEPTH_MAX {
            return Err(Fault::Malformed("pattern too complex"));
        }
        self.depth += 1;
        let found = self.matches_here(s, p);
        self.depth -= 1;
        found
    }

    fn matches_here(&mut self, mut s: usize, mut p: usize) -> Found {
        loop {
            match self.pattern.get(p..).unwrap_or_default() {
                [] => return Ok(Some(s)),
                [b'(', b')', ..] => return self.open(s, p + 2, true),
                [b'(', ..] => return self.open(s, p + 1, false),
                [b')', ..] => return self.close(s, p + 1),
                [b'$'] => return Ok((s == self.text.len()).then_some(s)),
                [b'%', b'b', ..] => match self.balance(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                [b'%', b'f', ..] => match self.frontier(s, p + 2)? {
                    Some(after) => p = after,
                    None => return Ok(None),
                },
                [b'%', digit @ b'0'..=b'9', ..] => match self.repeat_of(s, *digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let after = self.class_end(p)?;
                    match self.pattern.get(after) {
                        Some(b'?') => {
                            if self.is_single(s, p, after)?
                                && let Some(end) = self.matches(s + 1, after + 1)?
                            {
                                return Ok(Some(end));
                            }
                            p = after + 1;
                        }
                        Some(b'*') => return self.most(s, p, after, 0),
                        Some(b'+') => return self.most(s, p, after, 1),
                        Some(b'-') => return self.fewest(s, p, after),
                        _ if self.is_single(s, p, after)? => (s, p) = (s + 1, after),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    fn open(&mut self, s: usize, p: usize, is_position: bool) -> Found {
        if self.captures.len() >= CAPTURES_MAX {
            return Err(Fault::Malformed("too many captures"));
        }
        let count = self.captures.len();
        self.captures.push(if is_position { Open::Done(Capture::Position(s)) } else { Open::Unfinished(s) });
        let found = self.matches(s, p)?;
        if found.is_none() {
            self.captures.truncate(count);
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Found {
        let unfinished = |open: &Open| matches!(open, Open::Unfinished(_));
        let index = self.captures.iter().rposition(unfinished);
        let index = index.ok_or(Fault::Malformed("invalid pattern capture"))?;
        let before = self.captures[index];
        if let Open::Unfinished(start) = before {
            self.captures[index] = Open::Done(Capture::Part(start, s));
        }
        let found = self.matches(s, p)?;
        if found.is_none() {
            self.captures[index] = before;
        }
        Ok(found)
    }

    /// `%bxy`: from an `x` to the `y` that balances it.
    fn balance(&mut self, s: usize, p: usize) -> Found {
        let &[open, close, ..] = self.pattern.get(p..).unwrap_or_default() else {
            return Err(Fault::Malformed("unbalanced pattern"));
        };
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut level = 1;
        for (at, byte) in (s + 1..).zip(&self.text[s + 1..]) {
            self.count()?;
            if *byte == close {
                level -= 1;
                if level == 0 {
                    return Ok(Some(at + 1));
                }
            } else if *byte == open {
                level += 1;
            }
        }
        Ok(None)
    }

    /// `%f[set]`: where the set begins. Says where the pattern goes on.
    fn frontier(&mut self, s: usize, p: usize) -> Found {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(Fault::Malformed("missing '[' after '%f' in pattern"));
        }
        let after = self.class_end(p)?;
        let before = s.checked_sub(1).and_then(|before| self.text.get(before)).copied().unwrap_or(0);
        let here = self.text.get(s).copied().unwrap_or(0);
        Ok((!self.is_in_set(before, p, after) && self.is_in_set(here, p, after)).then_some(after))
    }

    /// `%1`: what was captured before, once more.
    fn repeat_of(&mut self, s: usize, digit: u8) -> Found {
        let index = usize::from(digit).checked_sub(usize::from(b'1'));
        let capture = index.and_then(|index| self.captures.get(index));
        let Some(Open::Done(Capture::Part(start, end))) = capture else {
            return Err(Fault::Malformed("invalid capture index"));
        };
        let part = &self.text[*start..*end];
        Ok(self.text[s..].starts_with(part).then_some(s + part.len()))
    }

    /// As many as there are, then fewer and fewer, but no fewer than `least`.
    fn most(&mut self, s: usize, p: usize, after: usize, least: usize) -> Found {
        let mut count = 0;
        while self.is_single(s + count, p, after)? {
            count += 1;
        }
        while count >= least {
            if let Some(end) = self.matches(s + count, after + 1)? {
                return Ok(Some(end));
            }
            match count.checked_sub(1) {
                Some(fewer) => count = fewer,
                None => break,
            }
        }
        Ok(None)
    }

    /// None, then more and more.
    fn fewest(&mut self, mut s: usize, p: usize, after: usize) -> Found {
        loop {
            if let Some(end) = self.matches(s, after + 1)? {
                return Ok(Some(end));
            }
            if !self.is_single(s, p, after)? {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.comparisons += 1;
        if self.comparisons < COMPARISONS_BETWEEN_QUESTIONS {
            return Ok(());
        }
        self.comparisons = 0;
        if (self.goes_on)() { Ok(()) } else { Err(Fault::Stopped) }
    }

    /// Where the class that begins at `p` ends.
    fn class_end(&self, p: usize) -> Result<usize, Fault> {
        match self.pattern.get(p..).unwrap_or_default() {
            [b'%'] => Err(Fault::Malformed("malformed pattern (ends with '%')")),
            [b'%', ..] => Ok(p + 2),
            [b'[', rest @ ..] => {
                let mut at = p + 1 + usize::from(rest.first() == Some(&b'^'));
                let mut is_first = true;
                loop {
                    match self.pattern.get(at..).unwrap_or_default() {
                        [] | [b'%'] => return Err(Fault::Malformed("malformed pattern (missing ']')")),
                        [b']', ..] if !is_first => return Ok(at + 1),
                        [b'%', ..] => at += 2,
                        _ => at += 1,
                    }
                    is_first = false;
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Whether the byte at `s` is in the class from `p` to `after`.
    fn is_single(&mut self, s: usize, p: usize, after: usize) -> Result<bool, Fault> {
        self.count()?;
        let Some(&byte) = self.text.get(s) else { return Ok(false) };
        Ok(match self.pattern.get(p..).unwrap_or_default() {
            [b'.', ..] => true,
            [b'%', class, ..] => is_in_class(byte, *class),
            [b'[', ..] => self.is_in_set(byte, p, after),
            [own, ..] => *own == byte,
            [] => false,
        })
    }

    /// Whether `byte` is in the set from `p`, its bracket, to `after`, which is behind the other one.
    fn is_in_set(&self, byte: u8, p: usize, after: usize) -> bool {
        let mut set = &self.pattern[p + 1..after - 1];
        let mut is_in = true;
        if let [b'^', rest @ ..] = set {
            (set, is_in) = (rest, false);
        }
        loop {
            set = match set {
                [] => return !is_in,
                [b'%', class, rest @ ..] => {
                    if is_in_class(byte, *class) {
                        return is_in;
                    }
                    rest
                }
                [low, b'-', high, rest @ ..] => {
                    if (*low..=*high).contains(&byte) {
                        return is_in;
                    }
                    rest
                }
                [own, rest @ ..] => {
                    if *own == byte {
                        return is_in;
                    }
                    rest
                }
            };
        }
    }
}

/// Whether `byte` is in the class `%class`, of which a capital is the opposite.
fn is_in_class(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | 9..=13),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return byte == class,
    };
    is_in != class.is_ascii_uppercase()
}
