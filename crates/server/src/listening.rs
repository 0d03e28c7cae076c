//! Which sockets the server listens on, and how that changes while it runs.
//!
//! A change opens what is new, closes what is not wanted any more and leaves the rest alone; when something cannot be
//! opened, all is as it was. Whoever is connected stays connected.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use config::{BindAddresses, Settings};
use socket2::SockRef;
use sync::Mutex;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::task::JoinHandle;

use crate::listener;
use crate::server::Server;

/// A place that could not be listened on.
#[derive(Debug)]
pub struct ListenError {
    /// The address or the path.
    pub place: String,
    /// What the operating system said.
    pub source: io::Error,
}

impl std::fmt::Display for ListenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Could not listen on {}: {}", self.place, self.source)
    }
}

impl std::error::Error for ListenError {}

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The protocol as it is: `port`.
    Plain,
    /// The protocol within TLS: `tls-port`.
    Encrypted,
}

/// The sockets on which clients come in.
#[derive(Default)]
pub(crate) struct Listening {
    sockets: Mutex<Sockets>,
}

#[derive(Default)]
struct Sockets {
    tcp: Vec<Socket>,
    unix: Option<JoinHandle<()>>,
    /// Whether the server is stopping, and listens on nothing any more.
    is_over: bool,
}

/// A TCP socket, whose clients a task takes in.
struct Socket {
    place: Place,
    door: Arc<Door>,
    task: JoinHandle<()>,
}

/// Where a TCP socket is, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    speech: Speech,
    address: SocketAddr,
}

/// A listener that can be closed from without, at once.
pub(crate) struct Door(Mutex<Option<TcpListener>>);

impl Door {
    /// The next client; none once it is closed.
    pub(crate) async fn accept(&self) -> Option<io::Result<(TcpStream, SocketAddr)>> {
        poll_fn(|context| match &*self.0.lock() {
            Some(listener) => listener.poll_accept(context).map(Some),
            None => Poll::Ready(None),
        })
        .await
    }
}

impl Socket {
    fn serve(server: &Arc<Server>, place: Place, listener: TcpListener) -> Socket {
        let address = place.address;
        match place.speech {
            Speech::Plain => tracing::info!(%address, "Listening"),
            Speech::Encrypted => tracing::info!(%address, "Listening for TLS"),
        }
        let door = Arc::new(Door(Mutex::new(Some(listener))));
        let task = tokio::spawn(listener::accept_tcp(Arc::clone(server), Arc::clone(&door), place.speech));
        Socket { place, door, task }
    }

    /// Closes it: its address is free then.
    fn close(self) {
        self.door.0.lock().take();
        self.task.abort();
    }
}

impl Listening {
    /// Opens what the settings ask for, and takes clients in.
    ///
    /// # Errors
    /// The first place that cannot be listened on.
    pub fn open(&self, server: &Arc<Server>, settings: &Settings) -> Result<(), ListenError> {
        let mut sockets = self.sockets.lock();
        sockets.change(server, settings).map_err(|(_, error)| error)?;
        let network = &settings.network;
        if let Some(path) = &network.unixsocket {
            let listener = listen_unix(path, network.unixsocket_permissions)
                .map_err(|source| ListenError { place: path.display().to_string(), source })?;
            sockets.unix = Some(tokio::spawn(listener::accept_unix(Arc::clone(server), listener)));
        }
        Ok(())
    }

    /// Listens where these settings say, and no longer elsewhere. The calling worker's other work is handed on while names
    /// are looked up.
    ///
    /// # Errors
    /// For what there is no socket to be had; nothing has changed then.
    pub fn change(&self, server: &Arc<Server>, settings: &Settings) -> Result<(), Speech> {
        tokio::task::block_in_place(|| {
            let mut sockets = self.sockets.lock();
            if sockets.is_over {
                return Ok(());
            }
            sockets.change(server, settings).map_err(|(speech, error)| {
                tracing::warn!("CONFIG SET: {error}");
                speech
            })
        })
    }

    /// Takes no more clients in.
    pub fn close(&self) {
        let mut sockets = self.sockets.lock();
        sockets.is_over = true;
        sockets.tcp.drain(..).for_each(Socket::close);
        if let Some(task) = sockets.unix.take() {
            task.abort();
        }
    }
}

impl Sockets {
    fn change(&mut self, server: &Arc<Server>, settings: &Settings) -> Result<(), (Speech, ListenError)> {
        let (bind, backlog) = (&settings.network.bind, settings.network.tcp_backlog);
        let mut wanted = Vec::new();
        for (speech, port) in [(Speech::Plain, settings.network.port), (Speech::Encrypted, settings.tls.port)]
        {
            let found = addresses(bind, port).map_err(|error| (speech, error))?;
            wanted.extend(
                found.into_iter().map(|(address, is_optional)| (Place { speech, address }, is_optional)),
            );
        }
        let is_wanted = |socket: &Socket| wanted.iter().any(|(place, _)| *place == socket.place);
        let is_missing = |place: &Place| self.tcp.iter().all(|socket| socket.place != *place);
        let missing: Vec<_> = wanted.iter().filter(|(place, _)| is_missing(place)).copied().collect();
        // A port may have to be free before it can be had at other addresses.
        let is_in_the_way = |socket: &Socket| {
            let port = socket.place.address.port();
            !is_wanted(socket) && missing.iter().any(|(place, _)| place.address.port() == port)
        };
        let mut closed = Vec::new();
        for socket in self.tcp.extract_if(.., |socket| is_in_the_way(socket)) {
            closed.push(socket.place);
            socket.close();
        }
        let mut opened = Vec::new();
        for (place, is_optional) in missing {
            match listen(place.address, backlog) {
                Ok(listener) => opened.push((place, listener)),
                Err(error) if is_optional && is_missing_address(&error) => {}
                Err(source) => {
                    drop(opened);
                    self.reopen(server, &closed, backlog);
                    return Err((place.speech, ListenError { place: place.address.to_string(), source }));
                }
            }
        }
        self.tcp.extract_if(.., |socket| !is_wanted(socket)).for_each(Socket::close);
        self.tcp.extend(opened.into_iter().map(|(place, listener)| Socket::serve(server, place, listener)));
        Ok(())
    }

    /// Listens again on what was closed in vain.
    fn reopen(&mut self, server: &Arc<Server>, places: &[Place], backlog: u32) {
        for place in places {
            match listen(place.address, backlog) {
                Ok(listener) => self.tcp.push(Socket::serve(server, *place, listener)),
                // Somebody else was quicker.
                Err(error) => tracing::error!(address = %place.address, %error, "Lost a listening socket"),
            }
        }
    }
}

/// Listens on all of these addresses; on none where the port is 0.
pub(crate) fn listen_on(
    bind: &BindAddresses,
    port: u16,
    backlog: u32,
) -> Result<Vec<TcpListener>, ListenError> {
    let mut opened = Vec::new();
    for (address, is_optional) in addresses(bind, port)? {
        match listen(address, backlog) {
            Ok(listener) => opened.push(listener),
            Err(error) if is_optional && is_missing_address(&error) => {}
            Err(source) => return Err(ListenError { place: address.to_string(), source }),
        }
    }
    Ok(opened)
}

/// The addresses that the words of `bind` stand for, each with whether it may be missing; none where the port is 0.
fn addresses(bind: &BindAddresses, port: u16) -> Result<Vec<(SocketAddr, bool)>, ListenError> {
    let mut found: Vec<(SocketAddr, bool)> = Vec::new();
    for word in bind.0.iter().filter(|_| port != 0) {
        let (is_optional, host) = match word.strip_prefix('-') {
            Some(host) => (true, host),
            None => (false, word.as_str()),
        };
        let named: Vec<SocketAddr> = match host {
            "*" => vec![SocketAddr::from(([0, 0, 0, 0], port))],
            "::*" => vec![SocketAddr::from(([0u16; 8], port))],
            host => match host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, port)],
                Err(_) => match (host, port).to_socket_addrs() {
                    Ok(addresses) => addresses.collect(),
                    Err(error) if is_optional && is_missing_address(&error) => Vec::new(),
                    Err(source) => return Err(ListenError { place: format!("{host}:{port}"), source }),
                },
            },
        };
        for address in named {
            // Two words may mean the same place.
            if found.iter().all(|(known, _)| *known != address) {
                found.push((address, is_optional));
            }
        }
    }
    Ok(found)
}

fn is_missing_address(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    if address.is_ipv6() {
        SockRef::from(&socket).set_only_v6(true)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog.max(1))
}

fn listen_unix(path: &Path, permissions: u32) -> io::Result<UnixListener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    // A socket left behind by a server that was killed is in the way; anything else is somebody's file.
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    if permissions != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(permissions))?;
    }
    Ok(listener)
}
