//! The client's side: whom it trusts, and what it shows.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::Error;
use crate::files::{self, Authorities};
use crate::key::{KeyFile, certified};
use crate::names::Choice;
use crate::trust::{Trust, verify_tls12_signature, verify_tls13_signature};

/// How a client makes sure of whom it talks to.
#[derive(Debug)]
pub enum NameCheck {
    /// By one of these authorities having signed for the very name.
    Strict(Authorities),
    /// By one of these authorities having signed for any name, as redis-cli does: they sign for nobody else.
    Lenient(Authorities),
    /// Not at all.
    Off,
}

/// What a client shows and whom it trusts.
#[derive(Debug)]
pub struct ClientOptions {
    /// How the server's certificate is judged.
    pub check: NameCheck,
    /// The files with a certificate and its key (`--cert`, `--key`), where the server asks for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Makes what the options ask for.
///
/// # Errors
/// The first option that is wrong.
pub fn client_config(options: ClientOptions) -> Result<ClientConfig, Error> {
    let provider = Arc::new(Choice::default().provider()?);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::of("--tls", error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(options.check, Arc::clone(&provider))?));
    let Some((certificate, key)) = options.certificate else { return Ok(builder.with_no_client_auth()) };
    let chain = files::chain("--cert", &certificate)?;
    let file = KeyFile { directive: "--key", path: &key, password_directive: "a password", password: None };
    let shown = certified(chain, "--cert", &certificate, &file, &provider)?;
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown))))
}

/// Judges the server's certificate as [`NameCheck`] says.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// Nobody where it is not judged.
    by_authority: Option<ByAuthority>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct ByAuthority {
    trust: Trust,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    pub fn new(check: NameCheck, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let (authorities, checks_name) = match check {
            NameCheck::Strict(authorities) => (authorities, true),
            NameCheck::Lenient(authorities) => (authorities, false),
            NameCheck::Off => return Ok(Self { by_authority: None, checks_name: false, provider }),
        };
        let trust = authorities.into_trust(&provider);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&trust.roots), Arc::clone(&provider))
                .build()
                .map_err(|_| Error::of("--cacert", "there is no authority to trust"))?;
        Ok(Self { by_authority: Some(ByAuthority { trust, verifier }), checks_name, provider })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.by_authority else { return Ok(ServerCertVerified::assertion()) };
        // What rustls does not read has no names that it could check.
        if let Some(verdict) = authority.trust.verdict(certificate, now).filter(|_| !self.checks_name) {
            return verdict.map(|()| ServerCertVerified::assertion());
        }
        match authority.verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
            // The name is what is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_name => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
