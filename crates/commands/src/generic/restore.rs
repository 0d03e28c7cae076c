//! RESTORE: a value from the bytes that DUMP has given.

use keyspace::EventClasses;
use values::access::Access;

use crate::prelude::*;

command! {
    name: "restore",
    group: Generic,
    since: "2.6.0",
    complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
    summary: "Creates a key from the serialized representation of a value.",
    handler: Write(run),
    flags: [DenyOom, Dangerous],
    examples: r#"
        > RESTORE count 0 "\x00\xc0\a\x0b\x00\x1d\x12\xf5\xd1~4'\x1b"
        OK
        > GET count
        "7"
        > RESTORE count 0 "\x00\xc0\a\x0b\x00\x1d\x12\xf5\xd1~4'\x1b"
        (error) BUSYKEY Target key name already exists.
        > RESTORE count 0 nonsense REPLACE
        (error) ERR DUMP payload version or checksum are wrong
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    key: Key<'a>,
    ttl: Later<'a, i64>,
    #[arg(name = "serialized-value")]
    payload: &'a [u8],
    #[arg(name = "")]
    options: Options,
}

/// How to put it in.
#[derive(Default)]
pub struct Options {
    replace: bool,
    /// Whether the deadline counts from 1970.
    is_absolute: bool,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

impl<'a> Parse<'a> for Options {
    const SPEC: Spec = Spec::block(&[
        Spec { optional: true, ..Spec::TOKEN.named("replace").with_token("REPLACE") },
        Spec { optional: true, ..Spec::TOKEN.named("absttl").with_token("ABSTTL") },
        Spec { optional: true, ..i64::SPEC.named("seconds").with_token("IDLETIME") },
        Spec { optional: true, ..i64::SPEC.named("frequency").with_token("FREQ") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut options = Options::default();
        while let Ok(word) = parser.next() {
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            let has_value = parser.remaining() > 0;
            if is("REPLACE") {
                options.replace = true;
            } else if is("ABSTTL") {
                options.is_absolute = true;
            } else if is("IDLETIME") && has_value && options.frequency.is_none() {
                let seconds = u64::try_from(i64::parse(parser)?);
                options.idle_seconds =
                    Some(seconds.map_err(|_| Error::fixed("ERR Invalid IDLETIME value, must be >= 0"))?);
            } else if is("FREQ") && has_value && options.idle_seconds.is_none() {
                let frequency = u8::try_from(i64::parse(parser)?);
                options.frequency = Some(
                    frequency
                        .map_err(|_| Error::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255"))?,
                );
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

impl Options {
    fn access(&self, now_ms: u64) -> Option<Access> {
        match (self.frequency, self.idle_seconds) {
            (Some(frequency), _) => Some(Access::counted(now_ms, frequency)),
            (None, Some(seconds)) => Some(Access::at(now_ms.saturating_sub(seconds.saturating_mul(1000)))),
            (None, None) => None,
        }
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Args { key, ttl, payload, options } = args;
    let (now_ms, horizon_ms) = (txn.now_ms(), txn.horizon_ms());
    let is_there = txn.peek(&key).is_some();
    if is_there && !options.replace {
        return Err(Error::fixed("BUSYKEY Target key name already exists."));
    }
    let ttl = u64::try_from(ttl.read()?).map_err(|_| Error::fixed("ERR Invalid TTL value, must be >= 0"))?;
    let mut entry = rdb::dump::decode(payload, key.bytes, txn.limits()).map_err(error_of)?;
    let deadline_ms = match ttl {
        0 => None,
        _ if options.is_absolute => Some(ttl),
        _ => Some(ttl.saturating_add(now_ms).min(i64::MAX.cast_unsigned())),
    };
    // One whose time has passed, or a hash of which that is so of all fields, was there for no moment.
    let is_gone = deadline_ms.is_some_and(|deadline_ms| deadline_ms <= horizon_ms)
        || values::hash::is_gone(entry.as_ref(), horizon_ms);
    if is_gone {
        if txn.remove(&key) {
            txn.did(|did| did.command([b"DEL", key.bytes]));
        }
    } else {
        entry.set_deadline_ms(deadline_ms);
        txn.call_changes_generic("restore");
        if is_there {
            txn.tell(EventClasses::NEW, "new", &key);
        }
        txn.insert(&key, entry);
        if let (Some(access), Some(entry)) = (options.access(now_ms), txn.peek(&key)) {
            entry.touch(access);
        }
        did_restore(txn, &key, deadline_ms, payload);
    }
    reply.ok();
    Ok(())
}

/// The version of payloads that the settings ask for.
pub fn payload_version(view: &ReadView<'_>) -> rdb::Version {
    if view.context().has_old_payloads { rdb::Version::V10 } else { rdb::Version::V11 }
}

/// Says what `key` of `database` holds now, outright: for a command that has it from where not everybody who is told has
/// been told of it.
pub fn did_make(txn: &mut WriteTxn<'_>, database: u16, key: &Key<'_>) {
    if !txn.is_recorded() {
        return;
    }
    let Some(entry) = txn.peek_in(database, key) else { return };
    let (mut payload, deadline_ms) = (Vec::new(), entry.deadline_ms());
    // A replica may be a Redis 7.0.
    let version = rdb::dump::oldest_version_of(entry, payload_version(txn));
    rdb::dump::encode(entry, version.into(), &mut payload);
    txn.did(|did| {
        let deadline = deadline_ms.unwrap_or(0).to_string();
        let words = [b"RESTORE", key.bytes, deadline.as_bytes(), &payload, b"REPLACE", b"ABSTTL"];
        did.command_in(database, words);
    });
}

/// Says what the key holds now, and until when.
fn did_restore(txn: &mut WriteTxn<'_>, key: &Key<'_>, deadline_ms: Option<u64>, payload: &[u8]) {
    txn.did(|did| {
        let deadline = deadline_ms.unwrap_or(0).to_string();
        did.command([b"RESTORE", key.bytes, deadline.as_bytes(), payload, b"REPLACE", b"ABSTTL"]);
    });
}

/// What Redis says of such a payload: where it is damaged is not for a stranger.
fn error_of(error: rdb::dump::Error) -> Error {
    match error {
        rdb::dump::Error::Footer => Error::fixed("ERR DUMP payload version or checksum are wrong"),
        damaged => {
            tracing::warn!("A payload is not restored, its integrity check failed: {damaged}");
            Error::fixed("ERR Bad data format")
        }
    }
}
