//! What a run over TLS needs: certificates, made for the run and gone with it.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// A port for TLS and the files of those who meet there.
pub struct Encryption {
    port: u16,
    folder: TempDir,
}

impl Encryption {
    /// Makes an authority, and a certificate that serves both sides, with keys on the curve P-256.
    pub fn new() -> io::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        write_certificates(folder.path()).map_err(io::Error::other)?;
        Ok(Self { port, folder })
    }

    /// Where the server listens for TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directives for the server.
    pub fn directives(&self) -> Vec<String> {
        let mut directives = vec!["--tls-port".to_owned(), self.port.to_string()];
        directives.extend(self.files(["--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"]));
        directives
    }

    /// The options for redis-benchmark.
    pub fn options(&self) -> Vec<String> {
        let mut options = vec!["--tls".to_owned()];
        options.extend(self.files(["--cert", "--key", "--cacert"]));
        options
    }

    /// The names of a certificate, its key and the authority, each before its file.
    fn files(&self, names: [&'static str; 3]) -> impl Iterator<Item = String> {
        let path = |file: &str| self.folder.path().join(file).display().to_string();
        let pairs = names.into_iter().zip(["both.crt", "both.key", "ca.crt"].map(path));
        pairs.flat_map(|(name, path)| [name.to_owned(), path])
    }
}

fn write_certificates(folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Authority of a benchmark");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let both = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let path = |file: &str| -> PathBuf { folder.join(file) };
    std::fs::write(path("ca.crt"), authority.pem())?;
    std::fs::write(path("both.crt"), both.pem())?;
    std::fs::write(path("both.key"), key.serialize_pem())?;
    Ok(())
}
