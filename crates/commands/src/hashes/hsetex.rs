//! HSETEX: sets fields of a hash, all of them or none, with one expiry.

use super::deadline::Unit;
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "hsetex",
    group: Hash,
    since: "8.0.0",
    complexity: "O(N) where N is the number of fields being set.",
    summary: "Set the value of one or more fields of a given hash key, and optionally set their expiration.",
    handler: Write(hsetex),
    arity: -6,
    flags: [DenyOom, Fast],
    examples: r#"
        > HSETEX user:1 EX 60 FIELDS 2 token x7 seen today
        (integer) 1
        > HTTL user:1 FIELDS 1 token
        1) (integer) 60
        > HSETEX user:1 FNX FIELDS 2 token y8 name Ann
        (integer) 0
        > HSETEX user:1 FXX KEEPTTL FIELDS 1 token y8
        (integer) 1
        > HTTL user:1 FIELDS 1 token
        1) (integer) 60
        > HSETEX user:1 NX FIELDS 1 token y8
        (integer) 0
        > HSETEX user:1 XX FIELDS 1 token z9
        (integer) 1
        > HTTL user:1 FIELDS 1 token
        1) (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    #[arg(name = "")]
    options: Options<'a>,
}

/// What to set, and how.
#[derive(Default)]
struct Options<'a> {
    /// Of the hash.
    existence: Option<Condition>,
    /// Of the fields.
    condition: Option<Condition>,
    expiry: Option<Expiry<'a>>,
    pairs: Many<Pair<&'a [u8], &'a [u8]>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// The hash, or any of the fields, may not be there.
    Absent,
    /// The hash, or all of the fields, must be there.
    Present,
}

enum Expiry<'a> {
    Keep,
    In(Unit, Later<'a, i64>),
}

const FEW: Error = Error::WrongArity;
const CONDITIONS: Error = Error::fixed("ERR Only one of FXX or FNX arguments can be specified");
const EXISTENCES: Error = Error::fixed("ERR Only one of XX or NX arguments can be specified");
const EXPIRIES: Error =
    Error::fixed("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
const NO_TIME: Error = Error::fixed("ERR missing expire time");
const NOT_A_COUNT: Error = Error::fixed("ERR invalid number of fields");

impl<'a> Options<'a> {
    fn read_pairs(&mut self, parser: &mut Parser<'a>) -> Result<()> {
        if parser.remaining() < 3 {
            return Err(FEW);
        }
        let count = i32::parse(parser).ok().and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count > 0).ok_or(NOT_A_COUNT)?;
        if Some(parser.remaining()) != count.checked_mul(2) {
            return Err(FEW);
        }
        self.pairs = Many::parse(parser)?;
        Ok(())
    }

    fn set_existence(&mut self, existence: Condition) -> Result<()> {
        if self.existence.replace(existence).is_some() { Err(EXISTENCES) } else { Ok(()) }
    }

    fn set_condition(&mut self, condition: Condition) -> Result<()> {
        if self.condition.replace(condition).is_some() { Err(CONDITIONS) } else { Ok(()) }
    }

    fn set_expiry(&mut self, parser: &mut Parser<'a>, unit: Option<Unit>) -> Result<()> {
        if self.expiry.is_some() {
            return Err(EXPIRIES);
        }
        self.expiry = Some(match unit {
            None => Expiry::Keep,
            Some(unit) => {
                let value = Later::parse(parser).map_err(|_| NO_TIME)?;
                // What is wrong with the number comes before what is wrong behind it.
                unit.moment(Later::read(value)?, 0, "hsetex")?;
                Expiry::In(unit, value)
            }
        });
        Ok(())
    }
}

impl<'a> Parse<'a> for Options<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec {
            optional: true,
            ..Spec::one_of(&[
                Spec::TOKEN.named("nx").with_token("NX"),
                Spec::TOKEN.named("xx").with_token("XX"),
            ])
            .named("existence")
        },
        Spec {
            optional: true,
            ..Spec::one_of(&[
                Spec::TOKEN.named("fnx").with_token("FNX"),
                Spec::TOKEN.named("fxx").with_token("FXX"),
            ])
            .named("condition")
        },
        Spec {
            optional: true,
            ..Spec::one_of(&[
                Spec::of(Kind::Integer).named("seconds").with_token("EX"),
                Spec::of(Kind::Integer).named("milliseconds").with_token("PX"),
                Spec::of(Kind::UnixTime).named("unix-time-seconds").with_token("EXAT"),
                Spec::of(Kind::UnixTime).named("unix-time-milliseconds").with_token("PXAT"),
                Spec::TOKEN.named("keepttl").with_token("KEEPTTL"),
            ])
            .named("expiration")
        },
        Spec::block(&[
            Spec::of(Kind::Integer).named("numfields"),
            Spec {
                multiple: true,
                ..Spec::block(&[
                    Spec::of(Kind::String).named("field"),
                    Spec::of(Kind::String).named("value"),
                ])
                .named("data")
            },
        ])
        .named("fields")
        .with_token("FIELDS"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut options = Options::default();
        while let Some(word) = parser.peek() {
            parser.skip();
            match word.to_ascii_lowercase().as_slice() {
                b"fields" => {
                    options.read_pairs(parser)?;
                    return Ok(options);
                }
                b"nx" => options.set_existence(Condition::Absent)?,
                b"xx" => options.set_existence(Condition::Present)?,
                b"fnx" => options.set_condition(Condition::Absent)?,
                b"fxx" => options.set_condition(Condition::Present)?,
                b"keepttl" => options.set_expiry(parser, None)?,
                b"ex" => options.set_expiry(parser, Some(Unit::SECONDS))?,
                b"px" => options.set_expiry(parser, Some(Unit::MILLISECONDS))?,
                b"exat" => options.set_expiry(parser, Some(Unit::AT_SECONDS))?,
                b"pxat" => options.set_expiry(parser, Some(Unit::AT_MILLISECONDS))?,
                _ => {
                    let word = shown(word);
                    return Err(Error::new(format_args!("unknown argument: {word}")));
                }
            }
        }
        Err(FEW)
    }
}

fn hsetex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let (now_ms, horizon_ms) = (txn.now_ms(), txn.horizon_ms());
    let Options { existence, condition, expiry, pairs } = args.options;
    let deadline_ms = match &expiry {
        Some(Expiry::In(unit, value)) => Some(unit.moment(value.read()?, now_ms, "hsetex")?),
        _ => None,
    };
    txn.call_changes("");
    let mut hash = txn.hash_or_new(&args.key)?;
    let is_there = |Pair(field, _): &Pair<&[u8], &[u8]>| hash.read().contains(field);
    let has_fields = !hash.read().is_empty();
    let holds = match existence {
        None => true,
        Some(Condition::Absent) => !has_fields,
        Some(Condition::Present) => has_fields,
    } && match condition {
        None => true,
        Some(Condition::Absent) => !pairs.iter().any(is_there),
        Some(Condition::Present) => pairs.iter().all(is_there),
    };
    reply.integer(i64::from(holds));
    if !holds {
        return Ok(());
    }
    hash.reserve(pairs.len());
    for Pair(field, value) in &pairs {
        if expiry.is_some() {
            hash.set_value(field, value);
        } else {
            hash.set(field, value);
        }
        if let Some(deadline_ms) = deadline_ms.filter(|deadline_ms| *deadline_ms > horizon_ms) {
            hash.set_deadline_ms(field, Some(deadline_ms));
        }
    }
    hash.tell("hset");
    match deadline_ms {
        Some(deadline_ms) if deadline_ms <= horizon_ms => {
            pairs.iter().for_each(|Pair(field, _)| _ = hash.remove(field));
            hash.tell("hdel");
        }
        Some(_) => hash.tell("hexpire"),
        None => {}
    }
    drop(hash);
    did_set(txn, &args.key, &pairs, matches!(expiry, Some(Expiry::Keep)), deadline_ms);
    Ok(())
}

/// Says that the fields were set: what it takes for that in Redis 7.4, as far as that knows it.
fn did_set(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    pairs: &[Pair<&[u8], &[u8]>],
    keeps: bool,
    deadline_ms: Option<u64>,
) {
    let horizon_ms = txn.horizon_ms();
    txn.did(|did| {
        let count = pairs.len().to_string();
        let fields = || pairs.iter().map(|Pair(field, _)| *field);
        let data = pairs.iter().flat_map(|Pair(field, value)| [*field, *value]);
        match deadline_ms {
            Some(deadline_ms) if deadline_ms <= horizon_ms => {
                did.command([b"HDEL", key.bytes].into_iter().chain(fields()));
            }
            Some(deadline_ms) => {
                did.command([b"HSET", key.bytes].into_iter().chain(data));
                let deadline = deadline_ms.to_string();
                let words = [b"HPEXPIREAT", key.bytes, deadline.as_bytes(), b"FIELDS", count.as_bytes()];
                did.command(words.into_iter().chain(fields()));
            }
            None if keeps => {
                let words = [b"HSETEX", key.bytes, b"KEEPTTL", b"FIELDS", count.as_bytes()];
                did.command(words.into_iter().chain(data));
            }
            None => did.command([b"HSET", key.bytes].into_iter().chain(data)),
        }
    });
}
