//! HGETEX: the values of fields, whose expiry may change.

use super::deadline::{Changed, Unit};
use super::fields::Fields;
use crate::prelude::*;
use crate::strings::expiry::GetExpiry;

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
    expiration: Option<GetExpiry<'a>>,
    fields: Rest<'a, Fields<'a>>,
}

impl<'a> Parse<'a> for Options<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec { optional: true, ..GetExpiry::SPEC.named("expiration") },
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
    let deadline_ms = expiration
        .map(|expiration| expiration.deadline_ms(|unit, value| Unit::from(unit).moment(value, now_ms, "hgetex")))
        .transpose()?;
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
