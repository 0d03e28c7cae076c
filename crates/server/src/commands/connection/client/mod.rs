//! CLIENT: the connections, one's own and the others'.

pub(super) mod caching;
pub(super) mod capa;
pub(super) mod getname;
pub(super) mod getredir;
pub(super) mod help;
pub(super) mod id;
pub(super) mod info;
pub(super) mod kill;
pub(super) mod list;
pub(super) mod no_evict;
pub(super) mod no_touch;
pub(super) mod pause;
pub(super) mod reply;
pub(super) mod setinfo;
pub(super) mod setname;
pub(super) mod tracking;
pub(super) mod trackinginfo;
pub(super) mod unblock;
pub(super) mod unpause;

use std::sync::atomic::Ordering;

use commands::prelude::*;

use crate::client::{Client, ClientFlag};
use crate::server::Server;

command! {
    name: "client",
    group: Connection,
    since: "2.4.0",
    complexity: "Depends on subcommand",
    summary: "A container for client connection commands.",
    handler: Container,
    subcommands: [
        caching::COMMAND,
        capa::COMMAND,
        getname::COMMAND,
        getredir::COMMAND,
        help::COMMAND,
        id::COMMAND,
        info::COMMAND,
        kill::COMMAND,
        list::COMMAND,
        no_evict::COMMAND,
        no_touch::COMMAND,
        pause::COMMAND,
        reply::COMMAND,
        setinfo::COMMAND,
        setname::COMMAND,
        tracking::COMMAND,
        trackinginfo::COMMAND,
        unblock::COMMAND,
        unpause::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}

/// `ON` or `OFF`.
#[derive(Args, Clone, Copy)]
pub(super) enum OnOff {
    #[arg(token = "ON")]
    On,
    #[arg(token = "OFF")]
    Off,
}

impl OnOff {
    fn is_on(self) -> bool {
        matches!(self, OnOff::On)
    }
}

/// `YES` or `NO`.
#[derive(Args, Clone, Copy)]
pub(super) enum YesNo {
    #[arg(token = "YES")]
    Yes,
    #[arg(token = "NO")]
    No,
}

impl YesNo {
    fn is_yes(self) -> bool {
        matches!(self, YesNo::Yes)
    }
}

/// The id of a client.
#[derive(Clone, Copy)]
pub(super) struct ClientId(u64);

impl<'a> Parse<'a> for ClientId {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let id = base::number::parse_i64(parser.next()?).and_then(|id| u64::try_from(id).ok());
        match id {
            Some(id) if id > 0 => Ok(ClientId(id)),
            _ => Err(Error::fixed("ERR client-id should be greater than 0")),
        }
    }
}

/// What a client is to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientType {
    Normal,
    PubSub,
    /// This server's primary.
    Primary,
    /// A replica of this server.
    Replica,
}

impl ClientType {
    fn is_of(self, client: &Client) -> bool {
        let kinds = [
            (ClientFlag::Primary, ClientType::Primary),
            (ClientFlag::Replica, ClientType::Replica),
            (ClientFlag::Subscribed, ClientType::PubSub),
        ];
        let kind = kinds.into_iter().find(|(flag, _)| client.has(*flag));
        self == kind.map_or(ClientType::Normal, |(_, kind)| kind)
    }
}

impl<'a> Parse<'a> for ClientType {
    const SPEC: Spec = Spec::one_of(&[
        Spec::TOKEN.named("normal").with_token("NORMAL"),
        Spec::TOKEN.named("master").with_token("MASTER"),
        Spec::TOKEN.named("replica").with_token("REPLICA"),
        Spec::TOKEN.named("pubsub").with_token("PUBSUB"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let word = parser.next()?;
        match word.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(ClientType::Normal),
            b"pubsub" => Ok(ClientType::PubSub),
            b"primary" | b"master" => Ok(ClientType::Primary),
            b"replica" | b"slave" => Ok(ClientType::Replica),
            _ => Err(Error::new(format_args!("Unknown client type '{}'", shown(word)))),
        }
    }
}

/// Whether `CLIENT LIST` can show it: printable and without spaces.
fn is_word(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

/// One line of `CLIENT LIST`, without its end.
pub(crate) fn describe(client: &Client, server: &Server) -> String {
    let now_ms = crate::clock::unix_ms();
    let flags: String = [
        (ClientFlag::Replica, 'S'),
        (ClientFlag::Primary, 'M'),
        (ClientFlag::Monitor, 'O'),
        (ClientFlag::Subscribed, 'P'),
        (ClientFlag::Transaction, 'x'),
        (ClientFlag::Blocked, 'b'),
        (ClientFlag::Dirty, 'd'),
        (ClientFlag::ReadOnly, 'r'),
        (ClientFlag::NoEvict, 'e'),
        (ClientFlag::NoTouch, 'T'),
        (ClientFlag::Tracking, 't'),
        (ClientFlag::BrokenRedirect, 'R'),
        (ClientFlag::Broadcast, 'B'),
    ]
    .into_iter()
    .filter(|(flag, _)| client.has(*flag))
    .map(|(_, letter)| letter)
    .chain(client.is_unix.then_some('U'))
    .collect();
    let command = server.table.at(client.last_command.load(Ordering::Relaxed)).map_or("NULL", |entry| entry.command.name);
    let about = client.about.lock();
    let input_bytes = client.input_bytes.load(Ordering::Relaxed);
    let input_spare_bytes = client.input_spare_bytes.load(Ordering::Relaxed);
    let output_bytes = client.output_bytes.load(Ordering::Relaxed);
    let queued_bytes = client.queued_bytes.load(Ordering::Relaxed);
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={} watch={} \
         qbuf={input_bytes} qbuf-free={input_spare_bytes} argv-mem=0 multi-mem={queued_bytes} rbs=0 rbp=0 obl=0 oll={} omem={output_bytes} \
         tot-mem={} events=r cmd={command} user={} redir={} resp={} lib-name={} lib-ver={} \
         tot-net-in={} tot-net-out={} tot-cmds={}",
        client.id,
        client.address,
        client.local_address,
        client.descriptor,
        String::from_utf8_lossy(&about.name),
        now_ms.saturating_sub(client.created_ms) / 1000,
        now_ms.saturating_sub(client.last_active_ms.load(Ordering::Relaxed)) / 1000,
        if flags.is_empty() { "N" } else { &flags },
        client.database.load(Ordering::Relaxed),
        client.channels.load(Ordering::Relaxed),
        client.patterns.load(Ordering::Relaxed),
        client.shard_channels.load(Ordering::Relaxed),
        client.queued.load(Ordering::Relaxed),
        client.watched.load(Ordering::Relaxed),
        usize::from(output_bytes > 0),
        client.memory_bytes(),
        String::from_utf8_lossy(client.account().user().name()),
        client.redirect.load(Ordering::Relaxed),
        client.protocol.load(Ordering::Relaxed),
        String::from_utf8_lossy(&about.library_name),
        String::from_utf8_lossy(&about.library_version),
        client.received_bytes.load(Ordering::Relaxed),
        client.sent_bytes.load(Ordering::Relaxed),
        client.commands.load(Ordering::Relaxed),
    )
}
