//! Encrypted connections: whom to trust, what to show, and the stream itself.
//!
//! A certificate has to be signed by an authority that is trusted, as with redis-cli. The name in it counts where
//! `--sni` gives one, and where the authorities are the system's, which sign for everybody; it does not where
//! `--cacert` or `--cacertdir` name authorities of one's own, whose certificates are often made for no name at all.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use sync::Mutex;
use tls::{Authorities, ClientOptions, NameCheck};

/// How much is read from the socket at once.
const READ_BYTES: usize = 16 * 1024;

/// What the command line says of encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// `--sni`: the name that the server is asked for.
    pub name: Option<String>,
    /// `--cacert`: a file of authorities to trust.
    pub authority_file: Option<PathBuf>,
    /// `--cacertdir`: a directory of them.
    pub authority_directory: Option<PathBuf>,
    /// `--insecure`: to trust whoever answers.
    pub trusts_anybody: bool,
    /// `--cert`: what to show.
    pub certificate: Option<PathBuf>,
    /// `--key`: its key.
    pub key: Option<PathBuf>,
}

/// What encrypted connections are made with.
#[derive(Clone)]
pub struct Encryption {
    config: Arc<ClientConfig>,
    name: Option<String>,
}

impl Encryption {
    /// Reads the files that the options name.
    ///
    /// # Errors
    /// What is wrong, with the option.
    pub fn new(options: TlsOptions) -> Result<Self, String> {
        let check = name_check(&options)?;
        let certificate = match (options.certificate, options.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("--cert and --key belong together".to_owned()),
        };
        let config = tls::client_config(ClientOptions { check, certificate });
        let config = config.map_err(|error| error.to_string())?;
        Ok(Self { config: Arc::new(config), name: options.name })
    }

    /// Agrees on keys with the server called `host` behind `socket`, within `timeout` for each of its answers.
    pub fn begin(
        &self,
        host: &str,
        mut socket: TcpStream,
        timeout: Option<Duration>,
    ) -> io::Result<TlsStream> {
        let name = self.name.as_deref().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let mut connection =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        socket.set_read_timeout(timeout.filter(|timeout| !timeout.is_zero()))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        let writer = TlsWriter {
            socket: socket.try_clone()?,
            shared: Arc::new(Shared { connection: Mutex::new(connection), sending: Mutex::new(()) }),
        };
        Ok(TlsStream { socket, writer, records: Vec::new() })
    }
}

fn name_check(options: &TlsOptions) -> Result<NameCheck, String> {
    if options.trusts_anybody {
        return Ok(NameCheck::Off);
    }
    let mut authorities = Authorities::default();
    let told = |error: tls::Error| error.to_string();
    if let Some(path) = &options.authority_file {
        authorities.add_file("--cacert", path).map_err(told)?;
    }
    if let Some(path) = &options.authority_directory {
        authorities.add_directory("--cacertdir", path).map_err(told)?;
    }
    if !authorities.is_empty() {
        return Ok(match options.name {
            Some(_) => NameCheck::Strict(authorities),
            None => NameCheck::Lenient(authorities),
        });
    }
    // Those that cannot be read are as good as not there.
    for certificate in rustls_native_certs::load_native_certs().certs {
        authorities.add(certificate);
    }
    if authorities.is_empty() {
        return Err("the system trusts no authorities: --cacert or --cacertdir name some".to_owned());
    }
    Ok(NameCheck::Strict(authorities))
}

/// The keys, and who may send: one thread reads while another writes.
struct Shared {
    connection: Mutex<ClientConnection>,
    /// Held from encrypting to sending, so that records go in their order. Who reads needs only the keys, and so
    /// never waits for a server that does not read.
    sending: Mutex<()>,
}

/// An encrypted connection.
pub struct TlsStream {
    socket: TcpStream,
    writer: TlsWriter,
    /// What has come and was not taken in.
    records: Vec<u8>,
}

impl TlsStream {
    /// The socket, for its settings.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The half that writes.
    pub fn writer(&self) -> io::Result<TlsWriter> {
        Ok(TlsWriter { socket: self.socket.try_clone()?, shared: Arc::clone(&self.writer.shared) })
    }

    /// Takes in what has come, and reads what that makes plain, if anything.
    fn read_plain(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut connection = self.writer.shared.connection.lock();
        loop {
            match connection.reader().read(buffer) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The server has gone without a word, which is its right.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Some(0)),
                Err(error) => return Err(error),
            }
            if self.records.is_empty() {
                return Ok(None);
            }
            let taken = connection.read_tls(&mut self.records.as_slice())?;
            self.records.drain(..taken);
            let processed = connection.process_new_packets();
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(bytes) = self.read_plain(buffer)? {
                return Ok(bytes);
            }
            let mut records = [0; READ_BYTES];
            let bytes = self.socket.read(&mut records)?;
            if bytes == 0 {
                return Ok(0);
            }
            self.records.extend_from_slice(&records[..bytes]);
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.writer.write(plain)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for TlsStream {
    /// Says that this was all; the server may not hear it.
    fn drop(&mut self) {
        self.writer.shared.connection.lock().send_close_notify();
        let _ = self.writer.send(&[]);
    }
}

/// The half of an encrypted connection that writes.
pub struct TlsWriter {
    socket: TcpStream,
    shared: Arc<Shared>,
}

impl TlsWriter {
    /// Sends some of `plain`, and what else has to be said; how much of it.
    fn send(&mut self, plain: &[u8]) -> io::Result<usize> {
        let _sending = self.shared.sending.lock();
        let mut records = Vec::new();
        let taken = {
            let mut connection = self.shared.connection.lock();
            let taken = connection.writer().write(plain)?;
            while connection.wants_write() {
                connection.write_tls(&mut records)?;
            }
            taken
        };
        self.socket.write_all(&records)?;
        Ok(taken)
    }
}

impl Write for TlsWriter {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.send(plain)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
