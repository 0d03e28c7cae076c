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

/// Whatever is done to the records on their way, the channel takes it or refuses it.
#[test]
fn damaged_records_are_refused() {
    let mut state = 1_u64;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let mut refused = 0;
    for round in 0..300 {
        let mut pair = pair();
        if round % 2 == 0 {
            pair.carry(100_000).unwrap();
            pair.client.writer().write_all(&[b'x'; 100]).unwrap();
        }
        let mut records = Vec::new();
        while pair.client.wants_write() {
            pair.client.write_tls(&mut records).unwrap();
        }
        match random(4) {
            0 => records.truncate(random(records.len())),
            1 => records.extend((0..random(300)).map(|byte| byte as u8)),
            2 => drop(records.remove(random(records.len()))),
            _ => {
                let index = random(records.len());
                records[index] ^= 1 << random(8);
            }
        }
        let mut rest = records.as_slice();
        let mut is_refused = false;
        while !rest.is_empty() && !is_refused {
            let (piece, after) = rest.split_at(1 + random(rest.len()));
            let mut incoming = [pair.channel.kept(), piece].concat();
            is_refused = pair.channel.receive(&mut incoming, &mut pair.outgoing, |_| {}).is_err();
            // The server may answer at any time.
            let is_sent = pair.channel.send(b"answer", &mut pair.outgoing).is_ok();
            assert_eq!(is_sent, !is_refused && !pair.channel.is_handshaking());
            rest = after;
        }
        refused += usize::from(is_refused);
        let _ = pair.channel.close(&mut pair.outgoing);
    }
    assert!(refused > 100, "{refused}");
}
