//! Certificates for tests, made as they run.

use std::path::PathBuf;

use config::table::tls::{Tls, TlsAuthClients};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Issued {
    pub certificate: String,
    pub key: String,
}

/// Where an [`Issued`] was written.
pub(crate) struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Its own certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub fn key(&self) -> &KeyPair {
        self.0.key()
    }

    /// A certificate for the host called `name`, whose time may be over.
    pub fn issue_der(&self, name: &str, is_expired: bool) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if is_expired {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        params.signed_by(&KeyPair::generate().unwrap(), &self.0).unwrap().der().clone()
    }

    /// A certificate for the host called `name`.
    pub fn issue(&self, name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().pem();
        Issued { certificate, key: key.serialize_pem() }
    }
}

impl Files {
    /// Writes another file beside them.
    pub fn write(&self, directory: &TempDir, name: &str, text: &str) -> PathBuf {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Settings with an authority and a server's certificate of its own for `localhost`, and the files.
pub(crate) fn settings(directory: &TempDir) -> (Tls, Files) {
    let authority = Authority::new("authority");
    let host = authority.issue("localhost");
    let files =
        Files { certificate: directory.path().join("server.crt"), key: directory.path().join("server.key") };
    std::fs::write(&files.certificate, host.certificate).unwrap();
    std::fs::write(&files.key, host.key).unwrap();
    let mut tls = defaults();
    tls.cert_file = Some(files.certificate.clone());
    tls.key_file = Some(files.key.clone());
    tls.ca_cert_file = Some(files.write(directory, "ca.crt", &authority.pem()));
    tls.auth_clients = TlsAuthClients::Yes;
    (tls, files)
}

fn defaults() -> Tls {
    let host = config::Host { cores: 1, working_dir: "/".into() };
    config::Settings::defaults(&host).tls
}
