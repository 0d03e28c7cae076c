//! Unions, intersections and differences of sorted sets; sets count as sorted sets in which every score is 1.

use std::cmp::Ordering;
use std::collections::HashMap;

use values::entry::Kind;
use values::set::SetRef;
use values::zset::ZSetRef;

use crate::prelude::*;

/// How to combine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// What is in any.
    Union,
    /// What is in all.
    Intersection,
    /// What is in the first and in no other.
    Difference,
}

/// The keys of the sets to combine: their number, then the keys.
pub struct Inputs<'a>(pub Many<Key<'a>>);

impl<'a> Parse<'a> for Inputs<'a> {
    const SPEC: Spec = CountedKeys::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let count = i64::parse(parser)?;
        if count < 1 {
            let name = String::from_utf8_lossy(parser.name()).to_lowercase();
            return Err(Error::new(format_args!("at least 1 input key is needed for '{name}' command")));
        }
        Ok(Inputs(CountedKeys::take(parser, count)?.0))
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

/// How the scores of one member become one.
#[derive(Args, Clone, Copy, Default)]
pub enum Aggregate {
    /// They are added.
    #[default]
    #[arg(token = "SUM")]
    Sum,
    /// The lowest counts.
    #[arg(token = "MIN")]
    Min,
    /// The highest counts.
    #[arg(token = "MAX")]
    Max,
}

impl Aggregate {
    fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            // Infinities of both signs cancel out, as Redis has it.
            Aggregate::Sum => some_number(left + right),
            Aggregate::Min => left.min(right),
            Aggregate::Max => left.max(right),
        }
    }
}

/// Zeros of both signs are the same.
fn compare(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

fn some_number(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// What is to be combined, and how.
pub struct Combination<'a> {
    inputs: Inputs<'a>,
    /// What is wrong with them is said only when the inputs are all sets.
    options: Result<Options>,
}

/// How to combine, and what to tell of it.
#[derive(Default)]
struct Options {
    weights: Option<Vec<f64>>,
    aggregate: Aggregate,
    with_scores: bool,
}

/// The options of ZUNION and ZINTER, and, without the last, of ZUNIONSTORE and ZINTERSTORE.
const OPTIONS: [Spec; 4] = [
    Inputs::SPEC.named("key"),
    Spec { optional: true, multiple: true, ..Spec::of(crate::args::Kind::Integer) }
        .named("weight")
        .with_token("WEIGHTS"),
    Spec { optional: true, ..Aggregate::SPEC }.named("aggregate").with_token("AGGREGATE"),
    Spec { optional: true, ..Spec::TOKEN }.named("withscores").with_token("WITHSCORES"),
];

impl<'a> Combination<'a> {
    /// The arguments of a combination that is replied.
    pub const SPEC: Spec = Spec::block(&OPTIONS);
    /// The arguments of a combination that is stored.
    pub const STORED_SPEC: Spec = Spec::block(&[OPTIONS[0], OPTIONS[1], OPTIONS[2]]);

    /// One with no options.
    pub fn of(inputs: Inputs<'a>) -> Combination<'a> {
        Combination { inputs, options: Ok(Options::default()) }
    }

    /// Reads it; `with_scores` says whether scores may be asked for.
    pub fn read(parser: &mut Parser<'a>, with_scores: bool) -> Result<Combination<'a>> {
        let inputs = Inputs::parse(parser)?;
        let options = Options::read(&mut parser.rest(), inputs.0.len(), with_scores);
        Ok(Combination { inputs, options })
    }

    /// Whether the reply has the scores.
    pub fn with_scores(&self) -> bool {
        self.options.as_ref().is_ok_and(|options| options.with_scores)
    }

    /// Its keys.
    pub fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.inputs.keys(visit);
    }

    /// The members and scores that come out of it, in their order.
    pub fn combine(&self, view: &ReadView<'_>, operation: Operation) -> Result<Vec<(Vec<u8>, f64)>> {
        let sources = sources(view, &self.inputs.0)?;
        let options = self.options.as_ref().map_err(Error::clone)?;
        let weight = |index: usize| {
            options.weights.as_ref().and_then(|weights| weights.get(index)).copied().unwrap_or(1.0)
        };
        let weighed = |index: usize, score: f64| some_number(score * weight(index));
        let mut result = match operation {
            Operation::Union => {
                let mut scores: HashMap<Vec<u8>, f64> = HashMap::new();
                for (index, source) in sources.iter().enumerate() {
                    source.for_each(&mut |member, score| {
                        let score = weighed(index, score);
                        match scores.get_mut(member) {
                            Some(held) => *held = options.aggregate.apply(*held, score),
                            None => {
                                scores.insert(member.to_vec(), score);
                            }
                        }
                        true
                    });
                }
                scores.into_iter().collect()
            }
            Operation::Intersection => {
                let mut scores = Vec::new();
                intersect(&sources, &mut |member, found| {
                    let mut found = found.iter().map(|(index, score)| weighed(*index, *score));
                    let first = found.next().unwrap_or_default();
                    scores.push((
                        member.to_vec(),
                        found.fold(first, |held, score| options.aggregate.apply(held, score)),
                    ));
                    true
                });
                scores
            }
            Operation::Difference => difference(&sources),
        };
        result.sort_by(|left, right| compare(left.1, right.1).then_with(|| left.0.cmp(&right.0)));
        Ok(result)
    }
}

impl Options {
    fn read(parser: &mut Parser<'_>, inputs: usize, with_scores: bool) -> Result<Options> {
        let mut options = Options::default();
        while let Some(word) = parser.peek() {
            parser.skip();
            match word.to_ascii_lowercase().as_slice() {
                b"weights" if parser.remaining() >= inputs => {
                    let weight = |_| {
                        const NOT_FLOAT: Error = Error::fixed("ERR weight value is not a float");
                        base::number::parse_f64(parser.next()?).ok_or(NOT_FLOAT)
                    };
                    options.weights = Some((0..inputs).map(weight).collect::<Result<_>>()?);
                }
                b"aggregate" if parser.remaining() >= 1 => options.aggregate = Aggregate::parse(parser)?,
                b"withscores" if with_scores => options.with_scores = true,
                _ => return Err(Error::Syntax),
            }
        }
        Ok(options)
    }
}

/// How many members are in all of `keys`, counted up to `limit`.
///
/// The limit is asked for once the types of the sources are known to be right.
pub fn intersection_len(
    view: &ReadView<'_>,
    keys: &[Key<'_>],
    limit: impl FnOnce() -> Result<usize>,
) -> Result<usize> {
    let sources = sources(view, keys)?;
    let limit = limit()?;
    let mut count = 0;
    intersect(&sources, &mut |_, _| {
        count += 1;
        count < limit
    });
    Ok(count)
}

/// One set to combine.
enum Source<'v> {
    Missing,
    Set(SetRef<'v>),
    Sorted(ZSetRef<'v>),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Source::Missing => 0,
            Source::Set(set) => set.len(),
            Source::Sorted(set) => set.len(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Source::Missing => None,
            Source::Set(set) => set.contains(member).then_some(1.0),
            Source::Sorted(set) => set.score(member),
        }
    }

    /// Visits members until `visit` says no.
    fn for_each(&self, visit: &mut dyn FnMut(&[u8], f64) -> bool) {
        match self {
            Source::Missing => {}
            Source::Set(set) => {
                let _ = set.iter().all(|member| visit(&member, 1.0));
            }
            Source::Sorted(set) => {
                let _ = set.iter().all(|(member, score)| visit(member, score));
            }
        }
    }
}

fn sources<'v>(view: &'v ReadView<'_>, keys: &[Key<'_>]) -> Result<Vec<Source<'v>>> {
    let source = |key: &Key<'_>| match view.find(key) {
        None => Ok(Source::Missing),
        Some(entry) if entry.kind() == Kind::Set => Ok(Source::Set(SetRef::of(entry))),
        Some(entry) if entry.kind() == Kind::ZSet => Ok(Source::Sorted(ZSetRef::of(entry))),
        Some(_) => Err(Error::WrongType),
    };
    keys.iter().map(source).collect()
}

/// Is shown a member that all have, with each source's index and score, and says whether to go on.
type VisitCommon<'f> = dyn FnMut(&[u8], &[(usize, f64)]) -> bool + 'f;

/// Visits what is in all sources, with the index of each source and the score there, the smallest source first.
fn intersect(sources: &[Source<'_>], visit: &mut VisitCommon<'_>) {
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|index| sources[*index].len());
    let Some((first, others)) = order.split_first() else { return };
    let mut found = Vec::with_capacity(sources.len());
    sources[*first].for_each(&mut |member, score| {
        found.clear();
        found.push((*first, score));
        for index in others {
            let Some(score) = sources[*index].score(member) else { return true };
            found.push((*index, score));
        }
        visit(member, &found)
    });
}

fn difference(sources: &[Source<'_>]) -> Vec<(Vec<u8>, f64)> {
    let Some((first, others)) = sources.split_first() else { return Vec::new() };
    let mut left = Vec::new();
    first.for_each(&mut |member, score| {
        if others.iter().all(|other| other.score(member).is_none()) {
            left.push((member.to_vec(), score));
        }
        true
    });
    left
}

/// Makes `key` a sorted set of these members; without any, removes it.
pub fn store(txn: &mut WriteTxn<'_>, key: &Key<'_>, members: Vec<(Vec<u8>, f64)>) {
    if members.is_empty() {
        txn.remove(key);
    } else {
        let entry = values::zset::build(key.bytes, members, txn.limits());
        txn.insert(key, entry);
    }
}
