//! How clients come in, on whichever socket: who is taken in, who is refused, and what each is told.

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::client::Client;
use crate::clock::unix_ms;
use crate::connection::{End, serve};
use crate::listening::{Door, Speech};
use crate::server::Server;

/// What a client is told that comes from elsewhere while nobody has set a password.
const PROTECTED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled and no \
password is set for the default user. In this mode connections are only accepted from the loopback interface. If \
you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable \
protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis \
from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do \
so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by \
editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. \
3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up \
an authentication password for the default user. NOTE: You only need to do one of the above things in order for the \
server to start accepting connections from the outside.\r\n";

/// When no more descriptors can be had, accepting fails at once; waiting lets some be closed.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Takes clients in until the door is closed.
pub(crate) async fn accept_tcp(server: Arc<Server>, door: Arc<Door>, speech: Speech) {
    let admit = match speech {
        Speech::Plain => admit_tcp,
        Speech::Encrypted => admit_tls,
    };
    while let Some(accepted) = door.accept().await {
        match accepted {
            Ok((stream, peer)) => admit(&server, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "Accepting client connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Takes clients in until it is aborted.
pub(crate) async fn accept_unix(server: Arc<Server>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => admit_unix(&server, stream),
            Err(error) => {
                tracing::warn!(%error, "Accepting client connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn admit_tcp(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    if is_protected_from(server, peer) {
        server.statistics.rejected_connections.add(1);
        return refuse(stream, PROTECTED);
    }
    let client = tcp_client(server, &stream, peer);
    admit(server, stream, client);
}

/// Admits a client once it has agreed on keys. It is a client from the beginning, as far as `maxclients` goes, and what
/// it is told can only be told when they are agreed on.
fn admit_tls(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    let client = Arc::new(tcp_client(server, &stream, peer));
    if !take_in(server, &client) {
        return;
    }
    let server = Arc::clone(server);
    tokio::spawn(async move {
        match server.encryption.accept(stream, &client).await {
            Ok(mut stream) if is_protected_from(&server, peer) => {
                server.statistics.rejected_connections.add(1);
                say_no(&mut stream, PROTECTED).await;
                server.clients.remove(client.id);
            }
            Ok(stream) => attend(server, client, stream).await,
            Err(refusal) => {
                let address = &client.address;
                if refusal.is_worth_a_warning() {
                    tracing::warn!(client = %address, "Error accepting a client connection: {refusal}");
                } else {
                    tracing::debug!(client = %address, "Error accepting a client connection: {refusal}");
                }
                server.clients.remove(client.id);
            }
        }
    });
}

fn is_protected_from(server: &Server, peer: SocketAddr) -> bool {
    server.settings().network.protected_mode
        && server.users.default_account().user().needs_no_password()
        && !peer.ip().is_loopback()
}

/// The client behind a socket, which is set up as the settings say.
fn tcp_client(server: &Server, stream: &TcpStream, peer: SocketAddr) -> Client {
    let socket = SockRef::from(stream);
    // Whatever fails here is the peer's having gone already, which the first read will find.
    let _ = socket.set_tcp_nodelay(true);
    let keepalive_s = u64::from(server.settings().network.tcp_keepalive_s);
    if keepalive_s > 0 {
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(keepalive_s))
            .with_interval(Duration::from_secs((keepalive_s / 3).max(1)))
            .with_retries(3);
        let _ = socket.set_tcp_keepalive(&keepalive);
    }
    let local = stream.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let id = server.clients.next_id();
    let account = Arc::clone(server.users.default_account());
    Client::new(id, peer.to_string(), local, stream.as_raw_fd(), false, unix_ms(), account)
}

fn admit_unix(server: &Arc<Server>, stream: UnixStream) {
    let path = server.settings().network.unixsocket.as_ref().map(|path| path.display().to_string());
    let place = format!("{}:0", path.unwrap_or_default());
    let id = server.clients.next_id();
    let account = Arc::clone(server.users.default_account());
    let client = Client::new(id, place.clone(), place, stream.as_raw_fd(), true, unix_ms(), account);
    admit(server, stream, client);
}

fn admit<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    server: &Arc<Server>,
    stream: S,
    client: Client,
) {
    let client = Arc::new(client);
    if take_in(server, &client) {
        tokio::spawn(attend(Arc::clone(server), client, stream));
    } else {
        refuse(stream, b"-ERR max number of clients reached\r\n");
    }
}

/// Makes it one of the clients, unless there are too many.
fn take_in(server: &Server, client: &Arc<Client>) -> bool {
    let is_in = server.clients.add(client, server.settings().clients.clients_max as usize);
    let counter =
        if is_in { &server.statistics.connections } else { &server.statistics.rejected_connections };
    counter.add(1);
    is_in
}

/// Serves a client until it is gone, and logs why it is where that is worth a word.
async fn attend<S: AsyncRead + AsyncWrite + Unpin>(server: Arc<Server>, client: Arc<Client>, stream: S) {
    let address = client.address.clone();
    match serve(server, client, stream).await {
        End::Closed => {}
        End::Store(fault) => {
            tracing::error!(client = %address, %fault, "Closing client that cannot be told whether its changes last");
        }
        End::Socket(error) => tracing::debug!(client = %address, %error, "Connection lost"),
        End::QueryBufferLimit(bytes) => {
            tracing::warn!(client = %address, bytes, "Closing client that reached max query buffer length");
        }
        End::OutputBufferLimit(bytes) => tracing::warn!(
            client = %address,
            bytes,
            "Client closed for overcoming of output buffer limits"
        ),
    }
}

fn refuse<S: AsyncWrite + Unpin + Send + 'static>(mut stream: S, reason: &'static [u8]) {
    tokio::spawn(async move { say_no(&mut stream, reason).await });
}

/// How long a client may take to read why it is refused.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);

async fn say_no<S: AsyncWrite + Unpin>(stream: &mut S, reason: &'static [u8]) {
    let said = async {
        stream.write_all(reason).await?;
        stream.flush().await
    };
    // The client may be gone or not listen: it is being refused either way.
    let _ = tokio::time::timeout(REFUSAL_TIME_MAX, said).await;
}
