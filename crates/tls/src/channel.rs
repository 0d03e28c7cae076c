//! The server's end of one encrypted connection, without its socket.
//!
//! Records are decrypted from and encrypted into the caller's buffers, which can be a worker's own: a channel at
//! rest holds its keys and little else. (rustls' other interface keeps a buffer of at least four kilobytes for each
//! connection and fills it by as little.)

use std::sync::Arc;

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};
use rustls::{Error, ServerConfig};

/// Plain bytes of the longest record.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// What encryption adds to a record, at most: its head, a nonce, a tag, and its type.
const RECORD_OVERHEAD_BYTES_MAX: usize = 32;

/// The server's end of one connection.
pub struct Channel {
    connection: UnbufferedServerConnection,
    /// What has come of a record, or of a message of several records, that is not whole. rustls remembers where in it
    /// what lies, so it has to be shown again with every call.
    kept: Vec<u8>,
    is_closed_by_peer: bool,
    /// Whether there was an error, after which rustls is not to be asked again.
    is_broken: bool,
}

impl Channel {
    /// A connection that has not begun.
    ///
    /// # Errors
    /// When `config` contradicts itself.
    pub fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Self { connection, kept: Vec::new(), is_closed_by_peer: false, is_broken: false })
    }

    /// Whether both sides have yet to agree.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether the peer has said that nothing more will come.
    pub fn is_closed_by_peer(&self) -> bool {
        self.is_closed_by_peer
    }

    /// What has come and is not whole: it has to stand before what comes next.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Takes records in: `incoming` is what was kept, and what has come behind it. What the records hold goes to
    /// `plain`, in order; what has to be answered is added to `outgoing`, also when the records are refused.
    ///
    /// # Errors
    /// Why the connection cannot go on.
    pub fn receive(
        &mut self,
        incoming: &mut [u8],
        outgoing: &mut Vec<u8>,
        plain: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        debug_assert!(incoming.starts_with(&self.kept));
        let mut done = 0;
        let result = self.take_in(incoming, &mut done, outgoing, plain);
        if result.is_err() {
            self.add_alert(outgoing);
            self.is_broken = true;
        }
        self.kept.clear();
        if done < incoming.len() && !self.is_broken {
            self.kept.extend_from_slice(&incoming[done..]);
        } else {
            self.kept = Vec::new();
        }
        result
    }

    /// Takes records in; `done` says how many bytes of `incoming` they were.
    fn take_in(
        &mut self,
        incoming: &mut [u8],
        done: &mut usize,
        outgoing: &mut Vec<u8>,
        mut plain: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        loop {
            let UnbufferedStatus { discard, state } =
                self.connection.process_tls_records(&mut incoming[*done..]);
            let mut is_over = false;
            let state = match state {
                Ok(state) => state,
                Err(error) => {
                    *done += discard;
                    return Err(error);
                }
            };
            match state {
                ConnectionState::ReadTraffic(mut records) => {
                    while let Some(record) = records.next_record() {
                        plain(record?.payload);
                    }
                }
                ConnectionState::EncodeTlsData(mut message) => {
                    append(outgoing, 0, |room| message.encode(room).map_err(encode_error))?;
                }
                // It is on its way behind what is there.
                ConnectionState::TransmitTlsData(sent) => sent.done(),
                ConnectionState::PeerClosed => self.is_closed_by_peer = true,
                _ => is_over = true,
            }
            *done += discard;
            if is_over {
                return Ok(());
            }
        }
    }

    /// After an error: what the peer is told of it. Nothing but what waits to be sent may be asked for then.
    fn add_alert(&mut self, outgoing: &mut Vec<u8>) {
        while self.connection.wants_write() {
            let UnbufferedStatus { state: Ok(ConnectionState::EncodeTlsData(mut message)), .. } =
                self.connection.process_tls_records(&mut [])
            else {
                return;
            };
            if append(outgoing, 0, |room| message.encode(room).map_err(encode_error)).is_err() {
                return;
            }
        }
    }

    /// Adds `plain`, encrypted, to `outgoing`, and whatever had to be said before.
    ///
    /// # Errors
    /// When the handshake is not over, or the keys are used up.
    pub fn send(&mut self, plain: &[u8], outgoing: &mut Vec<u8>) -> Result<(), Error> {
        let bytes_max = encrypted_bytes_max(plain.len());
        self.write(outgoing, bytes_max, |traffic, room| traffic.encrypt(plain, room))
    }

    /// Adds the announcement that nothing more will come to `outgoing`.
    ///
    /// # Errors
    /// When the handshake is not over.
    pub fn close(&mut self, outgoing: &mut Vec<u8>) -> Result<(), Error> {
        self.write(outgoing, RECORD_OVERHEAD_BYTES_MAX, |traffic, room| traffic.queue_close_notify(room))
    }

    fn write(
        &mut self,
        outgoing: &mut Vec<u8>,
        bytes_max: usize,
        mut encrypt: impl FnMut(
            &mut WriteTraffic<'_, ServerConnectionData>,
            &mut [u8],
        ) -> Result<usize, EncryptError>,
    ) -> Result<(), Error> {
        if self.is_broken {
            return Err(Error::HandshakeNotComplete);
        }
        loop {
            // What is kept is not whole, so nothing becomes of it here.
            let UnbufferedStatus { discard, state } = self.connection.process_tls_records(&mut self.kept);
            debug_assert_eq!(discard, 0);
            match state.inspect_err(|_| self.is_broken = true)? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    return append(outgoing, bytes_max, |room| {
                        encrypt(&mut traffic, room).map_err(encrypt_error)
                    });
                }
                ConnectionState::EncodeTlsData(mut message) => {
                    append(outgoing, 0, |room| message.encode(room).map_err(encode_error))?;
                }
                ConnectionState::TransmitTlsData(sent) => sent.done(),
                ConnectionState::PeerClosed => self.is_closed_by_peer = true,
                _ => return Err(Error::HandshakeNotComplete),
            }
        }
    }
}

/// Bytes that `plain_bytes` can become.
fn encrypted_bytes_max(plain_bytes: usize) -> usize {
    plain_bytes + (plain_bytes / RECORD_BYTES_MAX + 1) * RECORD_OVERHEAD_BYTES_MAX
}

enum Failure {
    /// There is less room than this.
    Room(InsufficientSizeError),
    Other(Error),
}

fn encrypt_error(error: EncryptError) -> Failure {
    match error {
        EncryptError::InsufficientSize(error) => Failure::Room(error),
        EncryptError::EncryptExhausted => Failure::Other(Error::EncryptError),
    }
}

fn encode_error(error: EncodeError) -> Failure {
    match error {
        EncodeError::InsufficientSize(error) => Failure::Room(error),
        EncodeError::AlreadyEncoded => Failure::Other(Error::EncryptError),
    }
}

/// Adds what `write` writes to the end of `outgoing`, given `room_bytes`, or as many as it says that it needs.
fn append(
    outgoing: &mut Vec<u8>,
    room_bytes: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Failure>,
) -> Result<(), Error> {
    let before = outgoing.len();
    outgoing.resize(before + room_bytes, 0);
    loop {
        match write(&mut outgoing[before..]) {
            Ok(written) => {
                outgoing.truncate(before + written);
                return Ok(());
            }
            Err(Failure::Room(InsufficientSizeError { required_size })) => {
                outgoing.resize(before + required_size, 0);
            }
            Err(Failure::Other(error)) => {
                outgoing.truncate(before);
                return Err(error);
            }
        }
    }
}

#[cfg(test)]
mod tests;
