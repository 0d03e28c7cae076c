//! MIGRATE: keys to another server.

use std::time::Duration;

use commands::prelude::*;
use keyspace::Needs;

use crate::clock::unix_ms;
use crate::migration::{self, Login, Target, Trouble};
use crate::saving::file::version;
use crate::session::Session;

command! {
    name: "migrate",
    group: Generic,
    since: "2.6.0",
    complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
    summary: "Atomically transfers a key from one Redis instance to another.",
    handler: Session,
    flags: [Write, Dangerous, NoScript, NoMulti],
    examples: r#"
        > MIGRATE 127.0.0.1 6380 missing 0 1000
        NOKEY
    "#,
}

/// Where to, what, and how.
pub struct Args<'a> {
    host: &'a [u8],
    port: &'a [u8],
    database: Later<'a, i64>,
    timeout_ms: Later<'a, i64>,
    copy: bool,
    replace: bool,
    login: Option<Login<'a>>,
    keys: Vec<Key<'a>>,
}

const ACCESS: &str = "RW ACCESS DELETE";

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[
        <&[u8]>::SPEC.named("host"),
        i64::SPEC.named("port"),
        Key::SPEC.named("key-selector").with_access(ACCESS),
        i64::SPEC.named("destination-db"),
        i64::SPEC.named("timeout"),
        Spec { optional: true, ..Spec::TOKEN.named("copy").with_token("COPY") },
        Spec { optional: true, ..Spec::TOKEN.named("replace").with_token("REPLACE") },
        Spec {
            optional: true,
            ..Spec::one_of(&[
                <&[u8]>::SPEC.named("auth").with_token("AUTH"),
                Spec::block(&[<&[u8]>::SPEC.named("username"), <&[u8]>::SPEC.named("password")])
                    .named("auth2")
                    .with_token("AUTH2"),
            ])
            .named("authentication")
        },
        Spec {
            optional: true,
            multiple: true,
            ..Key::SPEC.named("keys").with_token("KEYS").with_access(ACCESS)
        },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let (host, port, key) = (parser.next()?, parser.next()?, Key::parse(parser)?);
        let (database, timeout_ms) = (Later::parse(parser)?, Later::parse(parser)?);
        let keys = vec![key];
        let mut args =
            Args { host, port, database, timeout_ms, copy: false, replace: false, login: None, keys };
        while let Ok(word) = parser.next() {
            match word.to_ascii_lowercase().as_slice() {
                b"copy" => args.copy = true,
                b"replace" => args.replace = true,
                b"auth" if parser.remaining() >= 1 => {
                    args.login = Some(Login { user: None, password: parser.next()? });
                }
                b"auth2" if parser.remaining() >= 2 => {
                    args.login = Some(Login { user: Some(parser.next()?), password: parser.next()? });
                }
                b"keys" => {
                    if !key.bytes.is_empty() {
                        return Err(Error::fixed(
                            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
                        ));
                    }
                    args.keys.clear();
                    while parser.remaining() > 0 {
                        args.keys.push(Key::parse(parser)?);
                    }
                }
                _ => return Err(Error::Syntax),
            }
        }
        Ok(args)
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.keys.iter().copied().for_each(visit);
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    /// What Redis takes in place of a time that is none.
    const TIMEOUT_MS: u64 = 1000;
    /// How often keys are sent again that have changed meanwhile.
    const ROUNDS_MAX: usize = 10;
    if session.is_in_exec {
        // The transaction holds slots, and nobody waits for the network with them.
        return Err(Error::new("MIGRATE is not allowed inside a transaction"));
    }
    let timeout_ms = args.timeout_ms.read()?;
    let database = args.database.read()?;
    let target = Target {
        host: args.host,
        port: args.port,
        database,
        login: args.login,
        timeout: Duration::from_millis(
            u64::try_from(timeout_ms).ok().filter(|ms| *ms > 0).unwrap_or(TIMEOUT_MS),
        ),
    };
    let mut sent = dump(session, &args.keys)?;
    if sent.is_empty() {
        reply.simple("NOKEY");
        return Ok(());
    }
    let mut replace = args.replace;
    for _ in 0..ROUNDS_MAX {
        // The worker's other clients are served by another thread for as long as this takes.
        let result = tokio::task::block_in_place(|| migration::send(&session.server.migrations, &target, &sent, replace));
        let (restored, trouble) = match result {
            Ok(outcomes) => outcomes,
            Err(trouble) => return Err(error_of(trouble)),
        };
        if !args.copy {
            sent = remove_unchanged(session, sent, &restored)?;
        }
        if let Some(trouble) = trouble {
            return Err(error_of(trouble));
        }
        if args.copy || sent.is_empty() {
            reply.ok();
            return Ok(());
        }
        // They have changed since they were sent, or gone. What they are now replaces what they were there.
        let keys: Vec<Vec<u8>> = sent.iter().map(|item| item.key.clone()).collect();
        sent = dump(session, &keys.iter().map(|key| Key::new(key)).collect::<Vec<_>>())?;
        replace = true;
    }
    Err(Error::fixed("IOERR keys change faster than they can be moved; they are on both sides"))
}

fn needs(keys: &[Key<'_>]) -> Needs {
    Needs::of_slots(keys.iter().map(|key| key.slot).collect())
}

/// Those of the keys that are there, as payloads.
fn dump(session: &mut Session, keys: &[Key<'_>]) -> Result<Vec<migration::Item>> {
    let context = session.context(unix_ms());
    let view = session.server.keyspace.read(&needs(keys), context);
    let version = version(&session.server.settings());
    let items = keys.iter().filter_map(|key| view.find(key).map(|entry| migration::Item::of(entry, version)));
    let items = items.collect();
    let tally = view.finish()?;
    session.server.statistics.count(&tally);
    Ok(items)
}

/// Removes those of the keys that were restored on the other side, unless they have changed since they were sent:
/// these are given back.
fn remove_unchanged(
    session: &mut Session,
    sent: Vec<migration::Item>,
    restored: &[bool],
) -> Result<Vec<migration::Item>> {
    let now_ms = unix_ms();
    let context = session.context(now_ms);
    let sent: Vec<migration::Item> =
        sent.into_iter().zip(restored).filter(|(_, restored)| **restored).map(|(item, _)| item).collect();
    let keys: Vec<Key<'_>> = sent.iter().map(|item| Key::new(&item.key)).collect();
    let server = std::sync::Arc::clone(&session.server);
    let mut txn = server.keyspace.write(&needs(&keys), context);
    txn.call_changes("del");
    let version = version(&server.settings());
    let mut changed = Vec::new();
    for (key, item) in keys.iter().zip(&sent) {
        let is_as_sent = txn.peek(key).map(|entry| migration::Item::of(entry, version) == *item);
        match is_as_sent {
            Some(true) => {
                txn.remove(key);
                txn.did(|did| did.command([b"DEL".as_slice(), key.bytes]));
            }
            Some(false) => changed.push(item.clone()),
            // Whoever has removed it meant both.
            None => {}
        }
    }
    let tally = txn.commit()?;
    drop(txn);
    session.note_changes(&tally);
    let ready = server.take_in(tally, Some(session.client.id));
    server.serve_waiting(ready, now_ms);
    Ok(changed)
}

fn error_of(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Connecting => Error::fixed("IOERR error or timeout connecting to the client"),
        Trouble::Writing => Error::fixed("IOERR error or timeout writing to target instance"),
        Trouble::Reading => Error::fixed("IOERR error or timeout reading from target instance"),
        Trouble::Refused(text) => {
            Error::new(format_args!("Target instance replied with error: {}", shown(text.as_bytes())))
        }
    }
}
