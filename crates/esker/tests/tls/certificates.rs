//! Certificates, made as the tests run.

use super::harness::{TemporaryDirectory, temporary_directory};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::PathBuf;
use std::sync::Arc;

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Issued {
    pub certificate: rcgen::Certificate,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name.
    pub fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| {})
    }

    /// A certificate whose time is over.
    pub fn issue_expired(&self, name: &str) -> Issued {
        self.issue_with(name, |params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        })
    }

    fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        Issued { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }
}

impl Issued {
    /// A certificate that nobody else vouches for.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }
}

/// An authority with a certificate for a server and one for a client, also as files.
pub struct Certificates {
    directory: TemporaryDirectory,
    authority: Authority,
    client: Issued,
}

impl Certificates {
    pub fn new() -> Self {
        let authority = Authority::new();
        let client = authority.issue("client");
        let this = Self { directory: temporary_directory(), authority, client };
        this.write("ca.crt", &this.authority.pem());
        this.write_issued("server", &this.authority.issue("localhost"));
        this.write_issued("client", &this.client);
        this
    }

    /// Writes a file beside the others.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes NAME.crt and NAME.key.
    pub fn write_issued(&self, name: &str, issued: &Issued) {
        self.write(&format!("{name}.crt"), &issued.certificate.pem());
        self.write(&format!("{name}.key"), &issued.key.serialize_pem());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The path of a file, as text.
    pub fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    pub fn client(&self) -> &Issued {
        &self.client
    }

    /// The directives that name the files.
    pub fn directives(&self) -> [String; 6] {
        let pair = |directive: &str, file: &str| [directive.to_owned(), self.file(file)];
        let [cert, key, ca] = [
            pair("--tls-cert-file", "server.crt"),
            pair("--tls-key-file", "server.key"),
            pair("--tls-ca-cert-file", "ca.crt"),
        ];
        [cert, key, ca].concat().try_into().expect("three pairs")
    }
}

/// A client that trusts `authority` and shows `shown`.
pub fn client_config(authority: &Authority, shown: Option<&Issued>) -> Arc<ClientConfig> {
    config_of_versions(authority, shown, rustls::ALL_VERSIONS)
}

/// The same, of some versions of TLS.
pub fn config_of_versions(
    authority: &Authority,
    shown: Option<&Issued>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match shown {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            let key = PrivateKeyDer::try_from(issued.key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![issued.der()], key).unwrap()
        }
    })
}
