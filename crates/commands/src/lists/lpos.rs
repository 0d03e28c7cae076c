//! LPOS: where in a list an element is.

use crate::prelude::*;
use crate::args::Kind;

command! {
    name: "lpos",
    group: List,
    since: "6.0.6",
    complexity: "O(N) where N is the number of elements to look at: all of them, or MAXLEN.",
    summary: "Returns the index of matching elements in a list.",
    handler: Read(lpos),
    examples: r#"
        > RPUSH letters a b c a b c a
        (integer) 7
        > LPOS letters c
        (integer) 2
        > LPOS letters a RANK -1
        (integer) 6
        > LPOS letters a RANK 2 COUNT 0
        1) (integer) 3
        2) (integer) 6
        > LPOS letters c MAXLEN 2
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    element: &'a [u8],
    #[arg(token = "RANK", repeats)]
    rank: Option<Rank>,
    #[arg(token = "COUNT", name = "num-matches", repeats)]
    count: Option<Matches>,
    #[arg(token = "MAXLEN", name = "len", repeats)]
    len_max: Option<LenMax>,
}

/// Which match is the first to count: from the front, or, when negative, from the back. Not zero.
struct Rank(i64);

impl<'a> Parse<'a> for Rank {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const ZERO: Error = Error::fixed(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
             or use negative to start from the end of the list",
        );
        match i64::parse(parser)? {
            0 => Err(ZERO),
            i64::MIN => Err(Error::new(format_args!(
                "value is out of range, value must between {} and {}",
                -i64::MAX,
                i64::MAX
            ))),
            rank => Ok(Rank(rank)),
        }
    }
}

/// How many matches to give; zero for all.
struct Matches(usize);

impl<'a> Parse<'a> for Matches {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NEGATIVE: Error = Error::fixed("ERR COUNT can't be negative");
        NonNegative::parse_or(parser, NEGATIVE).map(|count| Matches(count.0))
    }
}

/// How many elements to look at; zero for all.
struct LenMax(usize);

impl<'a> Parse<'a> for LenMax {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NEGATIVE: Error = Error::fixed("ERR MAXLEN can't be negative");
        NonNegative::parse_or(parser, NEGATIVE).map(|len| LenMax(len.0))
    }
}

fn lpos(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let all_if_zero = |number: usize| if number == 0 { usize::MAX } else { number };
    let rank = args.rank.map_or(1, |rank| rank.0);
    let len_max = all_if_zero(args.len_max.map_or(0, |len| len.0));
    let count = args.count.map(|count| all_if_zero(count.0));

    let Some(list) = view.list(&args.key)? else {
        match count {
            Some(_) => reply.empty_array(),
            None => reply.null(),
        }
        return Ok(());
    };
    let last = list.len() - 1;
    let passed_over = usize::try_from(rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
    if rank > 0 {
        let found = matches(list.iter().take(len_max), args.element).skip(passed_over);
        reply_indexes(found, count, reply);
    } else {
        let found = matches(list.rev_iter_from(last).take(len_max), args.element).skip(passed_over);
        reply_indexes(found.map(|distance| last - distance), count, reply);
    }
    Ok(())
}

/// How far into `elements` those are that equal `element`.
fn matches<'l>(elements: impl Iterator<Item = &'l [u8]>, element: &[u8]) -> impl Iterator<Item = usize> {
    elements.enumerate().filter(move |(_, held)| *held == element).map(|(index, _)| index)
}

/// Replies with an array of at most `count` indexes, or, without one, with the first index.
fn reply_indexes(mut indexes: impl Iterator<Item = usize>, count: Option<usize>, reply: &mut Reply) {
    let Some(count) = count else {
        match indexes.next() {
            Some(index) => reply.integer(index as i64),
            None => reply.null(),
        }
        return;
    };
    let mark = reply.begin();
    let mut len = 0;
    for index in indexes.take(count) {
        reply.integer(index as i64);
        len += 1;
    }
    reply.end_array(mark, len);
}
