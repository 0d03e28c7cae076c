//! Encrypted connections: what they are made with, which may change while the server runs, and their handshake.
//!
//! Agreeing on keys is arithmetic of up to milliseconds, so it is done on threads beside the workers, by some
//! clients at a time: those who are connected already do not notice how many come. A handshake has to be over within
//! [`HANDSHAKE_TIME_MAX`].

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use config::table::tls::Tls;
use tls::{Channel, ProtocolError, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::client::Client;
use crate::tls_stream::TlsStream;

/// How long a client may take from its connection to the end of the handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// What a client may send without its adding up to a message; the longest are its certificates.
const HANDSHAKE_BYTES_MAX: usize = 128 * 1024;

/// How much of a handshake is read at once.
const READ_BYTES: usize = 8 * 1024;

/// The first byte of whatever begins a handshake.
const HANDSHAKE_RECORD: u8 = 22;

/// Bytes of a record's head, the last two of which say how much follows.
const RECORD_HEAD_BYTES: usize = 5;

/// What encrypted connections begin with.
pub struct Encryption {
    config: ArcSwapOption<ServerConfig>,
    /// Who may occupy a processor with a handshake.
    turns: Semaphore,
}

/// Why a client got no encrypted connection.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What it sent is something else.
    NoTls,
    /// It, or what it showed, was not accepted; or it did not accept us.
    Protocol(ProtocolError),
    /// It sent more than belongs to a handshake.
    TooLong,
    /// It took too long.
    Late,
    /// The socket failed, or the client is gone.
    Socket(io::Error),
    /// It was ordered to close.
    Killed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTls => f.write_str("it does not speak TLS, which is spoken on this port"),
            Self::Protocol(error) => error.fmt(f),
            Self::TooLong => write!(f, "its handshake is longer than {HANDSHAKE_BYTES_MAX} bytes"),
            Self::Late => write!(f, "its handshake took longer than {HANDSHAKE_TIME_MAX:?}"),
            Self::Socket(error) => error.fmt(f),
            Self::Killed => f.write_str("it was killed"),
        }
    }
}

impl Refusal {
    /// Whether somebody should know of it: not of those who only went away.
    pub fn is_worth_a_warning(&self) -> bool {
        !matches!(self, Self::Socket(_) | Self::Killed)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl Encryption {
    /// No connection can be encrypted before [`Encryption::configure`] is called.
    pub fn new(workers: usize) -> Self {
        Self { config: ArcSwapOption::empty(), turns: Semaphore::new((workers / 2).max(1)) }
    }

    /// Whether connections can be encrypted.
    pub fn is_configured(&self) -> bool {
        self.config.load().is_some()
    }

    /// Reads the files that the settings name; new connections begin with what is in them.
    ///
    /// # Errors
    /// What is wrong; all stays as it is then.
    pub fn configure(&self, settings: &Tls) -> Result<(), tls::Error> {
        self.config.store(Some(Arc::new(tls::server_config(settings)?)));
        Ok(())
    }

    /// What new connections begin with now.
    pub(crate) fn current(&self) -> Option<Arc<ServerConfig>> {
        self.config.load_full()
    }

    /// Has new connections begin with what they did before.
    pub(crate) fn restore(&self, config: Option<Arc<ServerConfig>>) {
        self.config.store(config);
    }

    /// Agrees with a client on keys.
    pub(crate) async fn accept(&self, socket: TcpStream, client: &Client) -> Result<TlsStream, Refusal> {
        let mut handshake = pin!(tokio::time::timeout(HANDSHAKE_TIME_MAX, self.shake_hands(socket)));
        poll_fn(|context| {
            client.register(context.waker());
            if client.is_killed() {
                return Poll::Ready(Err(Refusal::Killed));
            }
            handshake.as_mut().poll(context).map(|in_time| in_time.unwrap_or(Err(Refusal::Late)))
        })
        .await
    }

    async fn shake_hands(&self, mut socket: TcpStream) -> Result<TlsStream, Refusal> {
        let config = self.config.load_full().ok_or_else(|| io::Error::other("TLS is not configured"))?;
        let mut hands = Hands {
            channel: Channel::new(config).map_err(Refusal::Protocol)?,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            plain: Vec::new(),
            is_first: true,
        };
        while hands.channel.is_handshaking() {
            if hands.incoming.len() > HANDSHAKE_BYTES_MAX {
                return Err(Refusal::TooLong);
            }
            hands.incoming.reserve(READ_BYTES);
            if socket.read_buf(&mut hands.incoming).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if hands.is_first && hands.incoming[0] != HANDSHAKE_RECORD {
                return Err(Refusal::NoTls);
            }
            if has_record(&hands.incoming) {
                hands = self.step(hands, &mut socket).await?;
            }
        }
        Ok(TlsStream::new(socket, hands.channel, hands.plain))
    }

    /// Takes in what has come, on another thread, and sends the answer.
    async fn step(&self, mut hands: Hands, socket: &mut TcpStream) -> Result<Hands, Refusal> {
        // Nobody closes the semaphore.
        let turn = self.turns.acquire().await.map_err(io::Error::other)?;
        let step = tokio::task::spawn_blocking(move || {
            let result = hands.take_in();
            (hands, result)
        });
        let (mut hands, result) = step.await.map_err(io::Error::other)?;
        drop(turn);
        socket.write_all(&hands.outgoing).await?;
        hands.outgoing.clear();
        result.map(|()| hands).map_err(Refusal::Protocol)
    }
}

/// A handshake between two reads.
struct Hands {
    channel: Channel,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// Requests that came right behind the handshake.
    plain: Vec<u8>,
    /// Whether nothing was taken in yet.
    is_first: bool,
}

impl Hands {
    fn take_in(&mut self) -> Result<(), ProtocolError> {
        self.is_first = false;
        let plain = &mut self.plain;
        self.channel
            .receive(&mut self.incoming, &mut self.outgoing, |bytes| plain.extend_from_slice(bytes))?;
        self.incoming.clear();
        self.incoming.extend_from_slice(self.channel.kept());
        Ok(())
    }
}

/// Whether these bytes begin with a whole record. Until they do, nothing can be done with them.
fn has_record(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_at_checked(RECORD_HEAD_BYTES) else { return false };
    rest.len() >= usize::from(u16::from_be_bytes([head[3], head[4]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_with_its_last_byte() {
        let record = [HANDSHAKE_RECORD, 3, 1, 0, 2, 7, 7];
        for length in 0..record.len() {
            assert!(!has_record(&record[..length]), "{length}");
        }
        assert!(has_record(&record));
        assert!(has_record(&[record.as_slice(), &[1]].concat()));
    }

    #[test]
    fn who_only_went_away_is_no_warning() {
        assert!(!Refusal::from(io::Error::from(io::ErrorKind::UnexpectedEof)).is_worth_a_warning());
        assert!(Refusal::NoTls.is_worth_a_warning());
        assert_eq!(Refusal::Late.to_string(), "its handshake took longer than 10s");
    }
}
