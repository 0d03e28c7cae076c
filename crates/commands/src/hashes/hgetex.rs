//! HGETEX: the values of fields, whose expiry may change.

use super::deadline::{Changed, Unit};
use super::fields::Fields;
use crate::prelude::*;

command! {
    name: "hgetex",
    group: Hash,
    since: "8.0.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Get the value of one or more fields of a given hash key, and optionally set their expiration.",
    handler: Write(hgetex),
    arity: -5,
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HGETEX user:1 EX 60 FIELDS 2 token email
        1) "x7"
        2) (nil)
        > HTTL user:1 FIELDS 1 token
        1) (integer) 60
        > HGETEX user:1 PERSIST FIELDS 1 token
        1) "x7"
        > HGETEX user:1 PXAT 1 FIELDS 1 token
        1) "x7"
        > HGETALL user:1
        1) "name"
        2) "Ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

/// What becomes of the fields' deadlines, and which fields.
struct Options<'a> {
    expiration: Option<Expiration<'a>>,
    fields: Rest<'a, Fields<'a>>,
}

#[derive(Args)]
enum Expiration<'a> {
    #[arg(token = "EX", name = "seconds")]
    Seconds(Later<'a, i64>),
    #[arg(token = "PX", name = "milliseconds")]
    Milliseconds(Later<'a, i64>),
    #[arg(token = "EXAT", name = "unix-time-seconds", unix_time)]
    AtSeconds(Later<'a, i64>),
    #[arg(token = "PXAT", name = "unix-time-milliseconds", unix_time)]
    AtMilliseconds(Later<'a, i64>),
    #[arg(token = "PERSIST")]
    Persist,
}

impl Expiration<'_> {
    /// The deadline, in Unix milliseconds, if there is to be one.
    fn deadline_ms(&self, now_ms: u64) -> Result<Option<u64>> {
        let (unit, value) = match self {
            Expiration::Seconds(value) => (Unit::SECONDS, value),
            Expiration::Milliseconds(value) => (Unit::MILLISECONDS, value),
            Expiration::AtSeconds(value) => (Unit::AT_SECONDS, value),
            Expiration::AtMilliseconds(value) => (Unit::AT_MILLISECONDS, value),
            Expiration::Persist => return Ok(None),
        };
        unit.moment(value.read()?, now_ms, "hgetex").map(Some)
    }
}

impl<'a> Parse<'a> for Options<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec { optional: true, ..Expiration::SPEC.named("expiration") },
        Fields::SPEC,
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Options { expiration: Option::parse(parser)?, fields: Rest::parse(parser)? })
    }
}

fn hgetex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let (now_ms, horizon_ms) = (txn.now_ms(), txn.horizon_ms());
    let mut changed = Changed::default();
    txn.call_changes("");
    let mut hash = txn.hash_mut(&args.key)?;
    let Options { expiration, fields } = args.options.read()?;
    let deadline_ms = expiration.map(|expiration| expiration.deadline_ms(now_ms)).transpose()?;
    let Fields(fields) = fields.read()?;
    reply.array(fields.len());
    let (mut is_set, mut is_removed) = (false, false);
    for field in fields {
        let Some(value) = hash.as_ref().and_then(|hash| hash.read().get(field)) else {
            reply.null();
            continue;
        };
        reply.bulk(value);
        match (&mut hash, deadline_ms) {
            (Some(hash), Some(Some(deadline_ms))) if deadline_ms <= horizon_ms => {
                is_removed |= hash.remove(field);
                changed.removed.push(field);
            }
            (Some(hash), Some(deadline_ms)) => {
                let old = hash.read().deadline_ms(field).flatten();
                if deadline_ms.is_some() || old.is_some() {
                    is_set |= hash.set_deadline_ms(field, deadline_ms);
                    changed.timed.push(field);
                }
            }
            _ => {}
        }
    }
    if let Some(hash) = &mut hash {
        match deadline_ms {
            Some(None) if is_set => hash.tell("hpersist"),
            Some(_) if is_set => hash.tell("hexpire"),
            _ if is_removed => hash.tell("hdel"),
            _ => {}
        }
    }
    drop(hash);
    changed.tell(txn, &args.key, deadline_ms.flatten());
    Ok(())
}
