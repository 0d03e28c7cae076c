//! What SCAN, SSCAN, HSCAN and ZSCAN have in common: the cursor, the options and the shape of the reply.

use resp::Reply;

use crate::args::{Kind, Parse, Parser, Pattern, Spec};
use crate::error::{Error, Result};

/// Where a scan begins (0) or goes on.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(pub u64);

impl<'a> Parse<'a> for Cursor {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const INVALID: Error = Error::fixed("ERR invalid cursor");
        base::number::parse_u64_as_c(parser.next()?).map(Cursor).ok_or(INVALID)
    }
}

/// How many elements to visit in one call, at least 1: the same effort whether they match or not.
#[derive(Clone, Copy, Debug)]
pub struct Count(usize);

impl<'a> Parse<'a> for Count {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let count = i64::parse(parser)?;
        if count < 1 { Err(Error::Syntax) } else { Ok(Count(usize::try_from(count).unwrap_or(usize::MAX))) }
    }
}

/// The options that all scans take. SSCAN, HSCAN and ZSCAN hold them as a `Rest`, for they read them only once
/// they found their key.
#[derive(command_macros::Args, Clone, Copy, Debug)]
pub struct ScanOptions<'a> {
    /// Which elements to give.
    #[arg(token = "MATCH", repeats)]
    pub pattern: Option<Pattern<'a>>,
    /// How many elements to visit.
    #[arg(token = "COUNT", repeats)]
    pub count: Option<Count>,
}

impl ScanOptions<'_> {
    /// How many elements to visit.
    pub fn count(&self) -> usize {
        const DEFAULT: Count = Count(10);
        self.count.unwrap_or(DEFAULT).0
    }

    /// Whether to give the element called `name`.
    pub fn matches(&self, name: &[u8]) -> bool {
        match self.pattern {
            None => true,
            Some(pattern) => pattern.matches(name),
        }
    }
}

/// What one call of a scan gives, in the order in which it is found.
pub struct Page {
    /// The cursor goes before the elements and is known after them, so that they are written apart.
    elements: Reply,
    len: usize,
}

impl Page {
    /// Adds an element, or one part of it: a field, a value, a member, a score, all as bulk strings.
    pub fn push(&mut self, part: &[u8]) {
        self.elements.bulk(part);
        self.len += 1;
    }
}

/// Replies with a page: `fill` pushes its elements and returns the cursor to go on from.
pub fn reply_page(reply: &mut Reply, fill: impl FnOnce(&mut Page) -> u64) {
    let mut page = Page { elements: Reply::new(reply.version()), len: 0 };
    let cursor = fill(&mut page);
    reply.array(2);
    reply.bulk(cursor.to_string().as_bytes());
    reply.array(page.len);
    reply.raw(page.elements.as_bytes());
}

/// Replies with the page of a collection that is not there.
pub fn reply_no_page(reply: &mut Reply) {
    reply_page(reply, |_| 0);
}
