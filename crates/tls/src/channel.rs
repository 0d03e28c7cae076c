//! The server's end of one encrypted connection, without its socket.
//!
//! Records are decrypted from and encrypted into the caller's buffers, which can be a worker's own: a channel at
//! rest holds its keys and little else. (rustls' other interface keeps a buffer of at least four kilobytes for each
//! connection and fills it by as little.)

use std::sync::Arc;

use rustls::server::UnbufferedServerConnection;
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
            &mut WriteTraffic<'_, rustls::server::ServerConnectionData>,
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
            match state? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    return append(outgoing, bytes_max, |room| {
                        encrypt(&mut traffic, room).map_err(|error| match error {
                            EncryptError::InsufficientSize(error) => Failure::Room(error),
                            EncryptError::EncryptExhausted => Failure::Other(Error::EncryptError),
                        })
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
mod tests {
    use std::io::{Read, Write};

    use rustls::ClientConnection;
    use rustls::pki_types::ServerName;

    use super::*;
    use crate::test_certificates::{directory, settings};
    use crate::{Authorities, ClientOptions, NameCheck, client_config, server_config};

    /// Both ends, with nothing between them but the records that one has for the other.
    struct Pair {
        client: ClientConnection,
        channel: Channel,
        outgoing: Vec<u8>,
        received: Vec<u8>,
    }

    fn pair() -> Pair {
        let directory = directory();
        let (mut settings, _) = settings(&directory);
        let mut authorities = Authorities::default();
        authorities.add_file("--cacert", settings.ca_cert_file.as_deref().unwrap()).unwrap();
        settings.auth_clients = config::table::tls::TlsAuthClients::No;
        let options = ClientOptions { check: NameCheck::Strict(authorities), certificate: None };
        let name = ServerName::try_from("localhost").unwrap();
        Pair {
            client: ClientConnection::new(Arc::new(client_config(options).unwrap()), name).unwrap(),
            channel: Channel::new(Arc::new(server_config(&settings).unwrap())).unwrap(),
            outgoing: Vec::new(),
            received: Vec::new(),
        }
    }

    impl Pair {
        /// Carries what both have to say, in pieces of at most `piece` bytes, until neither says more.
        fn carry(&mut self, piece: usize) -> Result<(), Error> {
            loop {
                let mut records = Vec::new();
                while self.client.wants_write() {
                    self.client.write_tls(&mut records).unwrap();
                }
                for piece in records.chunks(piece) {
                    let mut incoming = [self.channel.kept(), piece].concat();
                    let received = &mut self.received;
                    self.channel.receive(&mut incoming, &mut self.outgoing, |plain| {
                        received.extend_from_slice(plain);
                    })?;
                }
                let mut answer = self.outgoing.as_slice();
                let is_over = answer.is_empty() && records.is_empty();
                while !answer.is_empty() {
                    self.client.read_tls(&mut answer).unwrap();
                    self.client.process_new_packets().unwrap();
                }
                self.outgoing.clear();
                if is_over {
                    return Ok(());
                }
            }
        }

        fn client_reads(&mut self, bytes: usize) -> Vec<u8> {
            let mut read = vec![0; bytes];
            self.client.reader().read_exact(&mut read).unwrap();
            read
        }
    }

    #[test]
    fn records_may_come_in_any_pieces() {
        for piece in [1, 7, 1000, 100_000] {
            let mut pair = pair();
            assert!(pair.channel.is_handshaking());
            pair.carry(piece).unwrap();
            assert!(!pair.channel.is_handshaking());
            let long = vec![b'x'; 40_000];
            pair.client.writer().write_all(&long).unwrap();
            pair.carry(piece).unwrap();
            assert_eq!(std::mem::take(&mut pair.received), long);
            assert!(pair.channel.kept().is_empty());
            pair.channel.send(b"short", &mut pair.outgoing).unwrap();
            pair.carry(piece).unwrap();
            assert_eq!(pair.client_reads(5), b"short");
        }
    }

    #[test]
    fn what_is_sent_comes_as_it_was() {
        let mut pair = pair();
        pair.carry(100_000).unwrap();
        for bytes in [0, 1, 100, RECORD_BYTES_MAX, RECORD_BYTES_MAX + 1, 100_000] {
            let plain: Vec<u8> = (0..bytes).map(|byte| byte as u8).collect();
            pair.channel.send(&plain, &mut pair.outgoing).unwrap();
            assert!(pair.outgoing.len() <= encrypted_bytes_max(bytes));
            let outgoing = std::mem::take(&mut pair.outgoing);
            let mut records = outgoing.as_slice();
            let mut read = Vec::new();
            while !records.is_empty() {
                pair.client.read_tls(&mut records).unwrap();
                let state = pair.client.process_new_packets().unwrap();
                read.extend(pair.client_reads(state.plaintext_bytes_to_read()));
            }
            assert_eq!(read, plain);
        }
    }

    #[test]
    fn both_sides_say_when_they_are_done() {
        let mut pair = pair();
        pair.carry(100_000).unwrap();
        pair.client.writer().write_all(b"last").unwrap();
        pair.client.send_close_notify();
        pair.carry(100_000).unwrap();
        assert_eq!(pair.received, b"last");
        assert!(pair.channel.is_closed_by_peer());
        pair.channel.close(&mut pair.outgoing).unwrap();
        pair.carry(100_000).unwrap();
        assert_eq!(pair.client.reader().read(&mut [0; 10]).unwrap(), 0);
    }

    #[test]
    fn what_is_no_record_is_refused_with_an_alert() {
        let mut pair = pair();
        let mut text = *b"*1\r\n$4\r\nPING\r\n";
        let mut outgoing = Vec::new();
        let refused = pair.channel.receive(&mut text, &mut outgoing, |_| panic!("nothing is in the clear"));
        assert!(refused.is_err());
        assert_eq!(outgoing[0], 21, "the type of an alert");
        assert!(pair.channel.send(b"x", &mut outgoing).is_err());
        assert!(pair.channel.close(&mut outgoing).is_err());
    }

    /// The client's first message, cut into records of `piece` bytes.
    fn hello(pair: &mut Pair, piece: usize) -> Vec<u8> {
        const HEAD_BYTES: usize = 5;
        let mut record = Vec::new();
        pair.client.write_tls(&mut record).unwrap();
        let cut = |piece: &[u8]| {
            let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
            [&record[..3], &length, piece].concat()
        };
        record[HEAD_BYTES..].chunks(piece).flat_map(cut).collect()
    }

    #[test]
    fn a_message_may_come_in_many_records() {
        let mut pair = pair();
        let records = hello(&mut pair, 10);
        let (first, rest) = records.split_at(100);
        let mut outgoing = Vec::new();
        pair.channel.receive(&mut first.to_vec(), &mut outgoing, |_| {}).unwrap();
        assert_eq!(pair.channel.kept().len(), 100);
        assert_eq!(pair.channel.close(&mut outgoing), Err(Error::HandshakeNotComplete));
        let mut incoming = [pair.channel.kept(), rest].concat();
        pair.channel.receive(&mut incoming, &mut pair.outgoing, |_| {}).unwrap();
        assert!(pair.channel.kept().is_empty());
        pair.carry(100_000).unwrap();
        assert!(!pair.channel.is_handshaking());
    }

    #[test]
    fn a_message_that_is_broken_off_is_refused() {
        let mut pair = pair();
        let records = hello(&mut pair, 10);
        let mut outgoing = Vec::new();
        pair.channel.receive(&mut records[..30].to_vec(), &mut outgoing, |_| {}).unwrap();
        let mut incoming = [pair.channel.kept(), &[99; 100]].concat();
        assert!(pair.channel.receive(&mut incoming, &mut outgoing, |_| {}).is_err());
        assert_eq!(outgoing[0], 21, "the type of an alert");
        assert!(pair.channel.close(&mut outgoing).is_err());
    }

    #[test]
    fn nothing_is_sent_before_the_handshake() {
        let mut pair = pair();
        assert_eq!(pair.channel.send(b"x", &mut pair.outgoing), Err(Error::HandshakeNotComplete));
        assert!(pair.outgoing.is_empty());
    }
}
