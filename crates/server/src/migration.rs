//! Sending keys to another server, for MIGRATE: by a connection that blocks, and is kept for a moment, since whoever moves
//! one key moves others. Whoever calls holds no lock and has handed its worker's other tasks over.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use resp::{Decoder, Value, encode_command};
use sync::Mutex;
use values::entry::EntryRef;

use crate::clock::unix_ms;

/// A reply of more bytes is not one to any of the requests that are sent.
const REPLY_BYTES_MAX: usize = 1 << 20;

/// So many keys are sent before their replies are read.
const BATCH_KEYS: usize = 100;

/// Where to send keys.
pub(crate) struct Target<'a> {
    pub host: &'a [u8],
    pub port: &'a [u8],
    pub database: i64,
    pub login: Option<Login<'a>>,
    /// For each step: to connect, to write, to read.
    pub timeout: Duration,
}

/// As whom.
pub(crate) struct Login<'a> {
    pub user: Option<&'a [u8]>,
    pub password: &'a [u8],
}

impl Login<'_> {
    fn is(&self, user: Option<&Vec<u8>>, password: &[u8]) -> bool {
        self.user == user.map(Vec::as_slice) && self.password == password
    }
}

/// Connections that nobody uses now, for the next keys that go to the same place as the same user.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<KeptConnection>>);

struct KeptConnection {
    host: Vec<u8>,
    port: Vec<u8>,
    /// User and password.
    login: Option<(Option<Vec<u8>>, Vec<u8>)>,
    since: Instant,
    connection: Connection,
}

impl KeptConnection {
    fn is_for(&self, target: &Target<'_>) -> bool {
        let is_login = match (&self.login, &target.login) {
            (None, None) => true,
            (Some((user, password)), Some(login)) => login.is(user.as_ref(), password),
            _ => false,
        };
        is_login && self.host == target.host && self.port == target.port
    }
}

impl Kept {
    /// How long a connection is kept, and how many at most: as Redis does.
    const TIME_MAX: Duration = Duration::from_secs(10);
    const COUNT_MAX: usize = 64;

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Closes those that nobody has used for long.
    pub fn close_old(&self) {
        self.0.lock().retain(|kept| kept.since.elapsed() < Kept::TIME_MAX);
    }

    fn take(&self, target: &Target<'_>) -> Option<Connection> {
        let mut all = self.0.lock();
        let place = all.iter().position(|kept| kept.is_for(target))?;
        Some(all.swap_remove(place).connection)
    }

    fn put(&self, target: &Target<'_>, connection: Connection) {
        let login = target.login.as_ref();
        let kept = KeptConnection {
            host: target.host.to_vec(),
            port: target.port.to_vec(),
            login: login.map(|login| (login.user.map(<[u8]>::to_vec), login.password.to_vec())),
            since: Instant::now(),
            connection,
        };
        let mut all = self.0.lock();
        if all.len() < Kept::COUNT_MAX {
            all.push(kept);
        }
    }
}

/// A key to be sent.
#[derive(Clone, PartialEq)]
pub(crate) struct Item {
    pub key: Vec<u8>,
    deadline_ms: Option<u64>,
    payload: Vec<u8>,
}

impl Item {
    /// `version` is what the settings ask for. The other server may be a Redis 7.0.
    pub fn of(entry: EntryRef<'_>, version: rdb::Version) -> Item {
        let mut payload = Vec::new();
        let version = rdb::dump::oldest_version_of(entry, version);
        rdb::dump::encode(entry, version.into(), &mut payload);
        Item { key: entry.key().to_vec(), deadline_ms: entry.deadline_ms(), payload }
    }
}

/// What can go wrong.
pub(crate) enum Trouble {
    Connecting,
    Writing,
    Reading,
    /// The other server has answered a request with this error.
    Refused(String),
}

/// Sends all keys; says which of them the other server has now, and what went wrong, if anything did. Without a
/// connection none has been sent.
pub(crate) fn send(
    kept: &Kept,
    target: &Target<'_>,
    items: &[Item],
    replace: bool,
) -> Result<(Vec<bool>, Option<Trouble>), Trouble> {
    let mut connection = open(kept, target)?;
    let mut restored = vec![false; items.len()];
    let mut trouble = None;
    for (items, restored) in items.chunks(BATCH_KEYS).zip(restored.chunks_mut(BATCH_KEYS)) {
        if let Err(failed) = connection.write(&requests(items, replace)) {
            trouble.get_or_insert(failed);
            break;
        }
        for is_restored in restored {
            match connection.error() {
                Ok(None) => *is_restored = true,
                Ok(Some(error)) => _ = trouble.get_or_insert(Trouble::Refused(error)),
                Err(failed) => {
                    trouble.get_or_insert(failed);
                    break;
                }
            }
        }
        if matches!(trouble, Some(Trouble::Reading)) {
            break;
        }
    }
    if !matches!(trouble, Some(Trouble::Writing | Trouble::Reading)) {
        kept.put(target, connection);
    }
    Ok((restored, trouble))
}

/// A connection that is ready for keys: nothing is sent to a place that may not be the right one.
fn open(kept: &Kept, target: &Target<'_>) -> Result<Connection, Trouble> {
    let began = Instant::now();
    if let Some(mut connection) = kept.take(target) {
        match prepare(target, &mut connection) {
            Ok(()) => return Ok(connection),
            // The other side has closed it meanwhile.
            Err(Trouble::Writing | Trouble::Reading) if began.elapsed() < target.timeout => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let stream = connect(target).map_err(|_| Trouble::Connecting)?;
    let mut connection = Connection { stream, buffer: Vec::new(), decoder: Decoder::new() };
    prepare(target, &mut connection)?;
    Ok(connection)
}

/// Logs in and selects the database.
fn prepare(target: &Target<'_>, connection: &mut Connection) -> Result<(), Trouble> {
    connection.limit(target.timeout).map_err(|_| Trouble::Writing)?;
    let mut requests = Vec::new();
    if let Some(Login { user, password }) = &target.login {
        let words: Vec<&[u8]> = [&b"AUTH"[..]].into_iter().chain(*user).chain([*password]).collect();
        encode_command(&words, &mut requests);
    }
    encode_command(&[b"SELECT", target.database.to_string().as_bytes()], &mut requests);
    connection.write(&requests)?;
    for _ in 0..1 + usize::from(target.login.is_some()) {
        if let Some(error) = connection.error()? {
            return Err(Trouble::Refused(error));
        }
    }
    Ok(())
}

fn requests(items: &[Item], replace: bool) -> Vec<u8> {
    let now_ms = unix_ms();
    let mut requests = Vec::new();
    for Item { key, deadline_ms, payload } in items {
        // What has just expired is sent as what expires at once.
        let ttl = deadline_ms.map_or(0, |deadline_ms| deadline_ms.saturating_sub(now_ms).max(1)).to_string();
        let mut words = vec![&b"RESTORE"[..], key, ttl.as_bytes(), payload];
        if replace {
            words.push(b"REPLACE");
        }
        encode_command(&words, &mut requests);
    }
    requests
}

fn connect(target: &Target<'_>) -> io::Result<TcpStream> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
    let host = std::str::from_utf8(target.host).map_err(|_| invalid())?;
    let port: u16 =
        std::str::from_utf8(target.port).ok().and_then(|port| port.parse().ok()).ok_or_else(invalid)?;
    let mut failed = invalid();
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, target.timeout) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A connection to another server, which reads its replies one by one.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    decoder: Decoder,
}

impl Connection {
    /// Has each step take no longer.
    fn limit(&self, timeout: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(timeout))?;
        self.stream.set_write_timeout(Some(timeout))
    }

    fn write(&mut self, requests: &[u8]) -> Result<(), Trouble> {
        self.stream.write_all(requests).map_err(|_| Trouble::Writing)
    }

    /// Reads a reply: its text, where it is an error.
    fn error(&mut self) -> Result<Option<String>, Trouble> {
        loop {
            if let Some((value, len)) = self.decoder.decode(&self.buffer).map_err(|_| Trouble::Reading)? {
                self.buffer.drain(..len);
                return Ok(match value {
                    Value::Error(text) => Some(text),
                    _ => None,
                });
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(len @ 1..) if self.buffer.len() < REPLY_BYTES_MAX => {
                    self.buffer.extend_from_slice(piece.get(..len).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return Err(Trouble::Reading),
            }
        }
    }
}
