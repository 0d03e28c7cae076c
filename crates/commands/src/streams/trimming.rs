//! How XADD and XTRIM cut the oldest entries off.

use values::limits::Limits;
use values::stream::{Trim, Until};

use super::id::{Id, NewId};
use crate::args::Kind;
use crate::prelude::*;

const BOTH: Error =
    Error::fixed("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
const NO_STRATEGY: Error =
    Error::fixed("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
const LIMIT_OF_EXACT: Error =
    Error::fixed("ERR syntax error, LIMIT cannot be used without the special ~ option");

/// What the client wants to be cut off.
#[derive(Clone, Copy)]
pub(super) struct Trimming {
    until: Until,
    is_approximate: bool,
    limit: Option<usize>,
}

impl Trimming {
    /// How it is described.
    pub const SPEC: Spec = Spec::block(&[
        Spec::one_of(&[
            Spec::TOKEN.named("maxlen").with_token("MAXLEN"),
            Spec::TOKEN.named("minid").with_token("MINID"),
        ])
        .named("strategy"),
        Spec {
            optional: true,
            ..Spec::one_of(&[
                Spec::TOKEN.named("equal").with_token("="),
                Spec::TOKEN.named("approximately").with_token("~"),
            ])
            .named("operator")
        },
        Spec::of(Kind::String).named("threshold"),
        Spec { optional: true, ..Spec::of(Kind::Integer).named("count").with_token("LIMIT") },
    ])
    .named("trim");

    /// What is to be done, under these limits: without a limit of its own, what is approximate removes no more than a
    /// hundred blocks at once.
    pub fn resolve(self, limits: &Limits) -> Trim {
        const BLOCKS_MAX: usize = 100;
        /// Where a block has no limit.
        const ENTRIES_MAX: usize = 10_000;
        const ENTRIES_MAX_MOST: usize = 1_000_000;
        let work_max = match self.limit {
            Some(0) => None,
            Some(limit) => Some(limit),
            None if !self.is_approximate => None,
            None => Some(match limits.stream_block_entries_max.saturating_mul(BLOCKS_MAX) {
                0 => ENTRIES_MAX,
                entries => entries.min(ENTRIES_MAX_MOST),
            }),
        };
        Trim { until: self.until, is_approximate: self.is_approximate, work_max }
    }
}

/// The options of XADD and XTRIM, which end where no other word is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Options {
    pub trimming: Option<Trimming>,
    pub must_exist: bool,
}

impl Options {
    /// Reads the options; of XADD, where `adds`, the next word is then the name of the entry.
    pub fn parse(parser: &mut Parser<'_>, adds: bool) -> Result<Options> {
        let (mut until, mut is_approximate, mut limit, mut must_exist) = (None, false, None, false);
        while let Some(word) = parser.peek() {
            let has_value = parser.remaining() > 1;
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            if adds && word == b"*" {
                break;
            } else if (is("MAXLEN") || is("MINID")) && has_value {
                if until.is_some() {
                    return Err(BOTH);
                }
                parser.skip();
                is_approximate = false;
                if parser.remaining() > 1 && matches!(parser.peek(), Some(b"~" | b"=")) {
                    is_approximate = parser.next()? == b"~";
                }
                until = Some(if is("MAXLEN") {
                    const NEGATIVE: Error = Error::fixed("ERR The MAXLEN argument must be >= 0.");
                    Until::Length(usize::try_from(i64::parse(parser)?).map_err(|_| NEGATIVE)?)
                } else {
                    Until::Id(Id::parse(parser)?.0)
                });
            } else if is("LIMIT") && has_value {
                const NEGATIVE: Error = Error::fixed("ERR The LIMIT argument must be >= 0.");
                parser.skip();
                limit = Some(usize::try_from(i64::parse(parser)?).map_err(|_| NEGATIVE)?);
            } else if adds && is("NOMKSTREAM") {
                parser.skip();
                must_exist = true;
            } else if adds {
                NewId::parse(word)?;
                break;
            } else {
                return Err(Error::Syntax);
            }
        }
        match (until, limit) {
            (None, Some(1..)) => Err(NO_STRATEGY),
            (None, _) => Ok(Options { trimming: None, must_exist }),
            (Some(_), Some(_)) if !is_approximate => Err(LIMIT_OF_EXACT),
            (Some(until), limit) => {
                Ok(Options { trimming: Some(Trimming { until, is_approximate, limit }), must_exist })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use values::stream::StreamId;

    use super::*;

    #[test]
    fn an_approximate_trim_is_bounded() {
        let resolve = |is_approximate, limit, entries| {
            let limits = Limits { stream_block_entries_max: entries, ..Limits::default() };
            let until = Until::Id(StreamId::MAX);
            Trimming { until, is_approximate, limit }.resolve(&limits).work_max
        };
        assert_eq!(resolve(false, None, 100), None);
        assert_eq!(resolve(true, None, 100), Some(10_000));
        assert_eq!(resolve(true, None, 0), Some(10_000));
        assert_eq!(resolve(true, None, usize::MAX), Some(1_000_000));
        assert_eq!(resolve(true, Some(0), 100), None);
        assert_eq!(resolve(true, Some(7), 100), Some(7));
    }
}
