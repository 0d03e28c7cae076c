//! The task that follows this server's primary: calls it, takes in its snapshot, does what it does.
//!
//! What the primary sends is run as the requests of a client that may do everything, one unit (a request, or all from
//! MULTI to EXEC) at a time, and added to this server's own stream when it is done. A unit that has come by half when the
//! connection ends is forgotten; the primary sends it again.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use config::Primary;
use config::table::tls::Tls;
use replication::{Credentials, Event, Introduction, Link, LinkError, Position, acknowledgement};
use resp::{Reply, RequestLimits, RequestParser, Version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::LinkState;
use super::saved::{self, Saved};
use super::spool::Spool;
use crate::client::{Client, ClientFlag};
use crate::clock::unix_ms;
use crate::loading::{IntoStored, Taking};
use crate::request::{Batch, Request, execute};
use crate::server::Server;
use crate::session::Session;

/// How long to wait before the primary is called again.
const RETRY: Duration = Duration::from_secs(1);

/// How often the primary is told how far this server is.
const ACKNOWLEDGE: Duration = Duration::from_secs(1);

/// One read takes at most this much.
const READ_BYTES: usize = 64 * 1024;

/// Bytes of a snapshot that are written to the file at once.
const SPOOL_BYTES: usize = 1024 * 1024;

/// What comes first of two things.
enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the first of two things; the other one is dropped.
async fn first<A: Future, B: Future>(one: A, other: B) -> First<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(First::One(result)),
        Poll::Pending => other.as_mut().poll(context).map(First::Other),
    })
    .await
}

/// Why following came to an end, for the time being.
#[derive(Debug)]
enum Break {
    /// There is another primary, or none.
    Changed,
    /// The primary closed the connection.
    Closed,
    /// It was silent for too long.
    Silent,
    /// An operator closed it (`CLIENT KILL`).
    Killed,
    /// The socket failed.
    Socket(io::Error),
    /// The directives on encryption are wrong.
    Encryption(String),
    /// The conversation went wrong.
    Link(LinkError),
    /// The snapshot could not be taken in.
    Snapshot(String),
    /// What came is no request.
    Protocol(String),
    /// What it sent could not be stored.
    NotStored(String),
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed => f.write_str("there is another primary"),
            Self::Closed => f.write_str("the primary closed the connection"),
            Self::Silent => f.write_str("the primary was silent for longer than repl-timeout"),
            Self::Killed => f.write_str("an operator closed the connection"),
            Self::Socket(error) => error.fmt(f),
            Self::Encryption(text) => write!(f, "no encryption: {text}"),
            Self::Link(error) => error.fmt(f),
            Self::Snapshot(text) => write!(f, "its snapshot was not taken in: {text}"),
            Self::Protocol(text) => write!(f, "what it sent is no request: {text}"),
            Self::NotStored(text) => write!(f, "what it sent is not stored: {text}"),
        }
    }
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl From<LinkError> for Break {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// Follows whom the server is to follow, until it is aborted.
pub(crate) async fn start(server: Arc<Server>) {
    loop {
        // Asked for first: if there is another primary behind it, it is the one of before that is told to change.
        let generation = server.replication.generation.load(Ordering::Acquire);
        let Some(following) = server.replication.following() else {
            server.replication.changed.notified().await;
            continue;
        };
        let primary = following.primary;
        server.replication.note(|following| following.link = LinkState::Connecting);
        let result = follow(&server, &primary, generation).await;
        let was_connected =
            server.replication.following().is_some_and(|following| following.link == LinkState::Connected);
        server.replication.note(|following| {
            if was_connected || following.down_since_ms == 0 {
                following.down_since_ms = unix_ms();
            }
            following.link = LinkState::Connect;
        });
        let Err(reason) = result;
        if matches!(reason, Break::Changed) {
            continue;
        }
        if server.is_handing_over() && matches!(reason, Break::Link(_)) {
            tracing::warn!("Failover target rejected psync request: this server goes on as the primary");
            server.abort_failover();
            continue;
        }
        tracing::warn!(primary = %format_args!("{}:{}", primary.host, primary.port), "Not connected with the primary: {reason}");
        let _ = tokio::time::timeout(RETRY, server.replication.changed.notified()).await;
    }
}

/// Follows `primary` for as long as that goes well.
async fn follow(
    server: &Arc<Server>,
    primary: &Primary,
    generation: u64,
) -> Result<std::convert::Infallible, Break> {
    let settings = server.settings();
    let timeout = Duration::from_secs(u64::from(settings.replication.repl_timeout_s));
    let connecting = connect(primary, settings.network.bind_source_addr.as_deref());
    let socket = tokio::time::timeout(timeout, connecting).await.map_err(|_| Break::Silent)??;
    socket.set_nodelay(true)?;
    tracing::info!(primary = %format_args!("{}:{}", primary.host, primary.port), "Connected with the primary");
    server.replication.note(|following| following.link = LinkState::Handshake);
    let position = server.position();
    let client = Arc::new(Client::new(
        server.clients.next_id(),
        socket.peer_addr().map_or_else(|_| String::new(), |address| address.to_string()),
        socket.local_addr().map_or_else(|_| String::new(), |address| address.to_string()),
        std::os::fd::AsRawFd::as_raw_fd(&socket),
        false,
        unix_ms(),
        Arc::clone(server.users.default_account()),
    ));
    client.set(ClientFlag::Primary, true);
    server.clients.add(&client, usize::MAX);
    let mut session = Session::new(Arc::clone(server), client);
    session.is_authenticated = true;
    session.is_replaying = true;
    session.select(server.replication.feed.database());
    let stream: Box<dyn Stream> = if settings.tls.replication {
        let encrypting = encrypt(&settings.tls, &primary.host, socket);
        Box::new(tokio::time::timeout(timeout, encrypting).await.map_err(|_| Break::Silent)??)
    } else {
        Box::new(socket)
    };
    let mut follower = Follower {
        server,
        generation,
        timeout,
        link: Link::new(introduction(server), Some(position), server.is_handing_over()),
        stream,
        waiting: Vec::new(),
        heard: Instant::now(),
        acknowledged: Instant::now(),
        session,
        parser: RequestParser::new(),
        batch: Vec::new(),
        unit: Vec::new(),
        selected: None,
        safe: 0,
        unsafe_yet: None,
    };
    follower.converse().await
}

/// Connects with the primary, from the address that `bind-source-addr` says.
async fn connect(primary: &Primary, from: Option<&str>) -> io::Result<TcpStream> {
    let place = (primary.host.as_str(), primary.port);
    let Some(from) = from else { return TcpStream::connect(place).await };
    let from: IpAddr =
        from.parse().map_err(|_| io::Error::other(format!("bind-source-addr: '{from}' is no address")))?;
    let mut failure = io::Error::other(format!("bind-source-addr: {} has no address of its kind", place.0));
    for address in tokio::net::lookup_host(place).await?.filter(|address| address.is_ipv4() == from.is_ipv4())
    {
        let socket = if from.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind((from, 0).into())?;
        match socket.connect(address).await {
            Ok(connected) => return Ok(connected),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Agrees on keys with the primary, as `tls-replication` asks for.
async fn encrypt(settings: &Tls, host: &str, socket: TcpStream) -> Result<TlsStream<TcpStream>, Break> {
    let config = tls::peer_config(settings).map_err(|error| Break::Encryption(error.to_string()))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| Break::Encryption(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, socket).await?)
}

fn introduction(server: &Server) -> Introduction {
    let settings = server.settings();
    let replication = &settings.replication;
    let password = replication.masterauth.as_ref().map(|secret| secret.reveal().to_vec());
    let listening_port = match replication.replica_announce_port {
        0 if settings.tls.replication => settings.tls.port,
        0 => settings.network.port,
        port => port,
    };
    Introduction {
        credentials: password.map(|password| Credentials {
            user: replication.masteruser.as_ref().map(|user| user.clone().into_bytes()),
            password,
        }),
        listening_port,
        address: replication.replica_announce_ip.clone(),
        version: crate::REDIS_VERSION,
    }
}

struct Follower<'s> {
    server: &'s Arc<Server>,
    /// Which primary it is.
    generation: u64,
    /// Silence for longer ends it.
    timeout: Duration,
    link: Link,
    stream: Box<dyn Stream>,
    /// What has come and was not looked at.
    waiting: Vec<u8>,
    heard: Instant,
    acknowledged: Instant,
    session: Session,
    parser: RequestParser,
    /// What has come of the stream and was not executed.
    batch: Vec<u8>,
    /// What was executed of a unit that is not over.
    unit: Vec<u8>,
    /// The database that will be selected behind it, where it selects one.
    selected: Option<u16>,
    /// How much of the stream is on disk in the append-only file, and how much will be when that is up to the second
    /// number.
    safe: u64,
    unsafe_yet: Option<(u64, u64)>,
}

impl Follower<'_> {
    async fn converse(&mut self) -> Result<std::convert::Infallible, Break> {
        loop {
            self.understand().await?;
            let output = self.link.take_output();
            self.send(&output).await?;
            self.acknowledge_sometimes().await?;
            self.read_some().await?;
        }
    }

    /// Whether this is still whom the server is to follow.
    fn is_current(&self) -> bool {
        self.server.replication.generation.load(Ordering::Acquire) == self.generation
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Break> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = tokio::time::timeout(self.timeout, self.stream.write_all(bytes)).await;
        written.map_err(|_| Break::Silent)?.map_err(Break::Socket)
    }

    /// Waits for bytes, but not for longer than until something else is to be done.
    async fn read_some(&mut self) -> Result<(), Break> {
        self.waiting.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.waiting);
        let read_or_changed = first(read, self.server.replication.changed.notified());
        match tokio::time::timeout(ACKNOWLEDGE, read_or_changed).await {
            Ok(First::One(read)) => {
                if read? == 0 {
                    return Err(Break::Closed);
                }
                self.heard = Instant::now();
                self.server.replication.note(|following| following.heard_ms = unix_ms());
            }
            // It may have been told of what it knows.
            Ok(First::Other(())) | Err(_) => {}
        }
        if !self.is_current() {
            return Err(Break::Changed);
        }
        if self.session.client.is_killed() {
            return Err(Break::Killed);
        }
        if self.heard.elapsed() > self.timeout {
            return Err(Break::Silent);
        }
        Ok(())
    }

    /// Looks at all that has come.
    async fn understand(&mut self) -> Result<(), Break> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.as_slice();
        loop {
            let (taken, event) = self.link.receive(rest)?;
            let is_nothing = event == Event::Nothing;
            match event {
                Event::Nothing | Event::SnapshotBytes(_) | Event::SnapshotEnd => {}
                Event::Snapshot(position, length) => {
                    rest = &rest[taken..];
                    let left = self.take_snapshot(position, length, rest.to_vec()).await?;
                    self.waiting = left;
                    return Box::pin(self.understand()).await;
                }
                Event::Continued(id) => {
                    let offset = self.server.position().offset;
                    self.server.replication.feed.follow(Position { id, offset });
                    self.connected();
                    tracing::info!(%offset, "The primary goes on where this replica was");
                }
                Event::Stream(bytes) => {
                    self.batch.extend_from_slice(bytes);
                    self.execute_all().await?;
                }
            }
            rest = &rest[taken..];
            if taken == 0 && is_nothing {
                break;
            }
        }
        self.waiting = rest.to_vec();
        Ok(())
    }

    fn connected(&mut self) {
        self.server.end_failover();
        self.server.replication.note(|following| {
            following.link = LinkState::Connected;
            following.down_since_ms = 0;
        });
    }

    /// Takes in the snapshot, which begins with `came`; returns what came behind it.
    async fn take_snapshot(
        &mut self,
        position: Position,
        length: Option<u64>,
        came: Vec<u8>,
    ) -> Result<Vec<u8>, Break> {
        self.server.replication.note(|following| {
            following.link = LinkState::Sync;
            following.snapshot_bytes = (0, length);
        });
        tracing::info!(offset = position.offset, "The primary sends all that it has");
        let file = Spool::new(self.server);
        let mut output = io::BufWriter::with_capacity(SPOOL_BYTES, file.create()?);
        let mut rest = came;
        let mut is_over = false;
        let mut received = 0;
        while !is_over {
            let mut place = 0;
            loop {
                let (taken, event) = self.link.receive(&rest[place..])?;
                let is_nothing = event == Event::Nothing;
                match event {
                    Event::SnapshotBytes(bytes) => {
                        received += bytes.len() as u64;
                        tokio::task::block_in_place(|| output.write_all(bytes))?;
                    }
                    Event::SnapshotEnd => is_over = true,
                    _ => {}
                }
                place += taken;
                if is_over || taken == 0 && is_nothing {
                    break;
                }
            }
            rest.drain(..place);
            self.server.replication.note(|following| following.snapshot_bytes.0 = received);
            if !is_over {
                self.read_some().await?;
                rest.append(&mut self.waiting);
            }
        }
        tokio::task::block_in_place(|| output.flush())?;
        drop(output);
        self.load(&file, position).await?;
        Ok(rest)
    }

    /// Puts the snapshot in the place of all that there is. What was followed before has nothing to do with that, so a
    /// loading that comes to nothing leaves a replica that begins anew.
    async fn load(&mut self, file: &Spool, position: Position) -> Result<(), Break> {
        {
            let _between = self.server.replication.between_units();
            if !self.is_current() {
                return Err(Break::Changed);
            }
            let nowhere = Position { id: super::random_id(), offset: 0 };
            self.server.replication.feed.begin_anew(Saved { position: nowhere, database: 0 });
            self.server.replication.own_keys.forget();
        }
        // A primary that is a replica itself cannot have its stream select a database for who begins.
        let database = saved::in_snapshot(file.path()).map_or(0, |saved| saved.database);
        if database >= self.server.keyspace.databases() {
            return Err(Break::Snapshot(format!("there is no database {database}")));
        }
        let (server, path) = (Arc::clone(self.server), file.path().to_owned());
        let mut loading = tokio::task::spawn_blocking(move || load_in_place(&server, path));
        let mut sent = Ok(());
        // It is waited for whatever becomes of the connection: nothing else may be loaded meanwhile.
        let result = loop {
            match tokio::time::timeout(ACKNOWLEDGE, &mut loading).await {
                Ok(result) => break result,
                // The primary knows by this that the replica is there, and busy.
                Err(_) if sent.is_ok() => sent = self.send(b"\n").await,
                Err(_) => {}
            }
        };
        result.map_err(|error| Break::Snapshot(error.to_string()))?.map_err(Break::Snapshot)?;
        {
            let _between = self.server.replication.between_units();
            if !self.is_current() {
                return Err(Break::Changed);
            }
            self.server.replication.feed.begin_anew(Saved { position, database });
        }
        self.session.select(database);
        sent?;
        self.connected();
        self.heard = Instant::now();
        tracing::info!("The primary's snapshot is loaded");
        self.acknowledge().await
    }

    async fn acknowledge(&mut self) -> Result<(), Break> {
        self.acknowledged = Instant::now();
        let offset = self.server.position().offset;
        let safe = self.safe_up_to(offset);
        self.send(&acknowledgement(offset, safe)).await
    }

    /// How much of the stream, of which this server has `offset` bytes, is on disk in its append-only file, if that is
    /// written.
    fn safe_up_to(&mut self, offset: u64) -> Option<u64> {
        let files = &self.server.append_only.files;
        if !files.is_on() {
            self.unsafe_yet = None;
            return None;
        }
        let now = (offset, files.stream.end());
        let (of_stream, of_file) = *self.unsafe_yet.get_or_insert(now);
        if files.keeps(of_file) {
            self.safe = of_stream;
            self.unsafe_yet = Some(now);
        }
        Some(self.safe)
    }

    async fn acknowledge_sometimes(&mut self) -> Result<(), Break> {
        if self.link.is_streaming() && self.acknowledged.elapsed() >= ACKNOWLEDGE {
            self.acknowledge().await?;
        }
        Ok(())
    }

    /// Executes what has come of the stream, as far as it is whole.
    async fn execute_all(&mut self) -> Result<(), Break> {
        let batch = std::mem::take(&mut self.batch);
        let mut done = 0;
        let mut must_acknowledge = false;
        loop {
            // One step is as long as what a client sends at once, so that others have their turn.
            let step = self.execute_some(&batch[done..], &mut must_acknowledge);
            self.write_out();
            let step = step?;
            if step == 0 {
                break;
            }
            done += step;
            if must_acknowledge {
                must_acknowledge = false;
                self.acknowledge().await?;
            }
            tokio::task::yield_now().await;
        }
        self.batch = batch;
        self.batch.drain(..done);
        Ok(())
    }

    /// Has what was done survive the end of the process.
    fn write_out(&mut self) {
        if std::mem::take(&mut self.session.has_written) {
            // Nobody waits for it to be on disk as well.
            let _ = self.server.append_only.files.write_out();
            if let Err(fault) = self.server.keyspace.flush() {
                tracing::warn!("What the primary has sent is not stored: {fault}");
            }
        }
    }

    /// Executes some requests and returns how many bytes they were.
    fn execute_some(&mut self, input: &[u8], must_acknowledge: &mut bool) -> Result<usize, Break> {
        /// Requests that are executed before others have their turn.
        const REQUESTS_MAX: usize = 256;
        let limits = RequestLimits { unauthenticated: false, ..RequestLimits::default() };
        let mut reply = Reply::new(Version::Resp2);
        let mut batch = Batch::begin();
        let mut done = 0;
        let worker = crate::statistics::worker();
        for _ in 0..REQUESTS_MAX {
            let parsed = self.parser.parse(&input[done..], &limits);
            let length = match parsed
                .map_err(|error| Break::Protocol(String::from_utf8_lossy(&error.text()).into_owned()))?
            {
                Some(length) => length,
                None => break,
            };
            let bytes = &input[done..done + length];
            let applying = self.server.replication.between_units();
            if !self.is_current() {
                return Err(Break::Changed);
            }
            let arguments = self.parser.arguments(&input[done..]);
            *must_acknowledge |= is_request_for_acknowledgement(arguments);
            self.unit.extend_from_slice(bytes);
            if let Some(database) = database_selected_by(arguments) {
                self.selected = Some(database);
            }
            if !arguments.is_empty() && !is_for_replicas_only(arguments) {
                let database = self.selected.unwrap_or(self.session.database);
                self.server.replication.feed.expect(&self.unit, database);
                self.server.watchdog.begin(worker);
                execute(
                    self.server,
                    &mut self.session,
                    Request { arguments, ahead: None },
                    &mut reply,
                    &mut batch,
                );
                self.server.watchdog.end(worker);
                if let Some(error) = reply.as_bytes().strip_prefix(b"-") {
                    if error.starts_with(b"MISCONF ") {
                        // It is still to be done, when the disk works.
                        return Err(Break::NotStored(String::from_utf8_lossy(error).trim_end().to_owned()));
                    }
                    tell_failed(arguments.get(0).unwrap_or_default(), error);
                }
                reply.clear();
            }
            if self.session.transaction.is_none() {
                self.server.replication.feed.append_raw(&self.unit, self.session.database);
                self.unit.clear();
                self.selected = None;
            }
            drop(applying);
            done += length;
        }
        Ok(done)
    }
}

/// Tells of a request of the primary that could not be done here: the data may not be the same any more.
#[cold]
fn tell_failed(command: &[u8], error: &[u8]) {
    tracing::warn!(
        command = %command.escape_ascii(),
        error = String::from_utf8_lossy(error).trim_end(),
        "A request of the primary failed"
    );
}

/// Puts what is in the file in the place of all that there is.
fn load_in_place(server: &Arc<Server>, path: PathBuf) -> Result<(), String> {
    server.begin_loading();
    crate::append_only::hold(server);
    let emptied = server.empty(|_| false).and_then(|()| server.forget_functions());
    let loaded = emptied.and_then(|()| {
        let taking = Taking { into_stored: IntoStored::All, replaces: true, keeps_expired: true };
        server.load_file(path, taking).map(drop).map_err(|error| error.to_string())
    });
    if loaded.is_err() {
        // Nobody is to see a part of it. What cannot be emptied now is when the next one comes.
        let _ = server.empty(|_| false);
    }
    server.end_loading();
    crate::append_only::resume(server);
    loaded
}

/// Whether the primary asks how far this replica is.
fn is_request_for_acknowledgement(arguments: resp::Arguments<'_>) -> bool {
    let is = |place, word: &[u8]| arguments.get(place).is_some_and(|given| given.eq_ignore_ascii_case(word));
    is(0, b"replconf") && is(1, b"getack")
}

/// The database that the request selects, if it selects one.
fn database_selected_by(arguments: resp::Arguments<'_>) -> Option<u16> {
    arguments.get(0).filter(|name| name.eq_ignore_ascii_case(b"select"))?;
    base::number::parse_i64(arguments.get(1)?).and_then(|number| u16::try_from(number).ok())
}

/// Whether the request concerns the connection, and nothing is to be done for it.
fn is_for_replicas_only(arguments: resp::Arguments<'_>) -> bool {
    let name = arguments.get(0).unwrap_or_default();
    name.eq_ignore_ascii_case(b"ping") || name.eq_ignore_ascii_case(b"replconf")
}
