//! Which members a range command means, and how they are given.

use std::ops::Range;

use values::zset::{LexRange, Members, ScoreRange, ZSetRef};

use super::bound::{Lex, Score, members, scores};
use crate::prelude::*;

/// What the ends of a range are.
#[derive(Args, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Scores.
    #[arg(token = "BYSCORE")]
    Score,
    /// Members, in the order of their bytes.
    #[arg(token = "BYLEX")]
    Lex,
}

/// `LIMIT offset count`: a part of what was selected; a negative count is all.
#[derive(Clone, Copy)]
pub struct Limit {
    offset: i64,
    count: i64,
}

impl<'a> Parse<'a> for Limit {
    const SPEC: Spec = Spec::block(&[i64::SPEC.named("offset"), i64::SPEC.named("count")]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        // Half of it is no limit, whatever it says.
        if parser.remaining() < 2 {
            return Err(Error::Syntax);
        }
        Ok(Limit { offset: i64::parse(parser)?, count: i64::parse(parser)? })
    }
}

/// The members that a command means.
pub struct Selection<'a> {
    range: Ends<'a>,
    reverse: bool,
    limit: Option<Limit>,
}

enum Ends<'a> {
    Ranks(i64, i64),
    Scores(ScoreRange),
    Members(LexRange<'a>),
}

impl<'a> Selection<'a> {
    /// From rank `start` to rank `stop`, both included; negative ranks count from the end.
    pub fn by_rank(start: i64, stop: i64, reverse: bool) -> Selection<'a> {
        Selection { range: Ends::Ranks(start, stop), reverse, limit: None }
    }

    /// By score.
    pub fn by_score(min: Score, max: Score, reverse: bool, limit: Option<Limit>) -> Selection<'a> {
        Selection { range: Ends::Scores(scores(min, max)), reverse, limit }
    }

    /// By member.
    pub fn by_lex(min: Lex<'a>, max: Lex<'a>, reverse: bool, limit: Option<Limit>) -> Selection<'a> {
        Selection { range: Ends::Members(members(min, max)), reverse, limit }
    }

    /// What ZRANGE and ZRANGESTORE take. With `reverse` the higher end comes first.
    pub fn new(
        (start, stop): (&'a [u8], &'a [u8]),
        by: Option<By>,
        reverse: bool,
        limit: Option<Limit>,
    ) -> Result<Selection<'a>> {
        let (min, max) = if reverse { (stop, start) } else { (start, stop) };
        match by {
            // A limit of -1 is none for Redis.
            None if limit.is_some_and(|limit| limit.count != -1) => Err(Error::fixed(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            )),
            None => {
                let rank = |word| base::number::parse_i64(word).ok_or(Error::NotInteger);
                Ok(Selection::by_rank(rank(start)?, rank(stop)?, reverse))
            }
            Some(By::Score) => Ok(Selection::by_score(Score::of(min)?, Score::of(max)?, reverse, limit)),
            Some(By::Lex) => Ok(Selection::by_lex(Lex::of(min)?, Lex::of(max)?, reverse, limit)),
        }
    }

    /// The selected members of `set`, in their order.
    pub fn of<'s>(&self, set: ZSetRef<'s>) -> Members<'s> {
        let len = set.len();
        let span = match &self.range {
            Ends::Ranks(start, stop) => {
                let span = ranks(*start, *stop, len);
                return set.range(span.start, span.len(), self.reverse);
            }
            Ends::Scores(range) => set.score_span(range),
            Ends::Members(range) => set.lex_span(range),
        };
        let Limit { offset, count } = self.limit.unwrap_or(Limit { offset: 0, count: -1 });
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(span.len());
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(span.len() - offset);
        let start = if self.reverse { len - span.end } else { span.start };
        set.range(start + offset, count, self.reverse)
    }
}

/// The ranks from `start` to `stop`, both included, among `len`.
pub fn ranks(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_end = |rank: i64| if rank < 0 { rank.saturating_add(len) } else { rank };
    let start = from_end(start).max(0);
    let end = from_end(stop).saturating_add(1).min(len);
    if start >= end { 0..0 } else { start as usize..end as usize }
}

/// Replies with members, and with their scores: flat in RESP2, in pairs in RESP3.
pub fn reply_members<'s>(
    members: impl ExactSizeIterator<Item = (&'s [u8], f64)>,
    with_scores: bool,
    reply: &mut Reply,
) {
    reply_count(members.len(), with_scores, reply);
    members.for_each(|(member, score)| reply_member(member, score, with_scores, reply));
}

/// Announces `count` members.
pub fn reply_count(count: usize, with_scores: bool, reply: &mut Reply) {
    let is_flat = with_scores && reply.version() == resp::Version::Resp2;
    reply.array(if is_flat { count * 2 } else { count });
}

/// Replies with one of the members that were announced.
pub fn reply_member(member: &[u8], score: f64, with_scores: bool, reply: &mut Reply) {
    if with_scores && reply.version() == resp::Version::Resp3 {
        reply.array(2);
    }
    reply.bulk(member);
    if with_scores {
        reply.double(score);
    }
}

/// Replies with the selected members of the sorted set at `key`.
pub fn reply_selection(
    view: &ReadView<'_>,
    key: &Key<'_>,
    selection: &Selection<'_>,
    with_scores: bool,
    reply: &mut Reply,
) -> Result<()> {
    match view.zset(key)? {
        Some(set) => reply_members(selection.of(set), with_scores, reply),
        None => reply.empty_array(),
    }
    Ok(())
}
