//! The server's side: what the `tls-` directives make of it.

use std::sync::Arc;

use config::Secret;
use config::table::tls::{Tls, TlsAuthClients};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};

use crate::Error;
use crate::files::{self, Authorities};
use crate::key::{KeyFile, certified};
use crate::names::Choice;
use crate::sessions::Sessions;
use crate::trust::{Trust, verify_tls12_signature, verify_tls13_signature};

const NO_AUTHORITIES: &str =
    "either tls-ca-cert-file or tls-ca-cert-dir must be given where tls-auth-clients is not no";

/// Makes what the directives ask for. It begins with no session to resume, so nobody comes back whom the
/// authorities given here do not know.
///
/// # Errors
/// The first directive that is missing or wrong.
pub fn server_config(settings: &Tls) -> Result<ServerConfig, Error> {
    let choice = Choice {
        protocols: settings.protocols.as_deref(),
        ciphers: settings.ciphers.as_deref(),
        ciphersuites: settings.ciphersuites.as_deref(),
    };
    let provider = Arc::new(choice.provider()?);
    let certificate = certificate(settings, &provider)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&choice.versions()?)
        .map_err(|error| Error::of("tls-protocols", error.to_string()))?;
    let builder = match verifier(settings, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)));
    config.ignore_client_order = settings.prefer_server_ciphers;
    if settings.session_caching {
        let clock = Arc::clone(&config.time_provider);
        let (sessions_max, timeout_s) = (settings.session_cache_size, settings.session_cache_timeout_s);
        config.session_storage = Arc::new(Sessions::new(sessions_max, timeout_s, clock));
    } else {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// The server's certificate with its key.
fn certificate(settings: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let missing = |directive| move || Error::of(directive, "it must be given where tls-port is");
    let path = settings.cert_file.as_deref().ok_or_else(missing("tls-cert-file"))?;
    let chain = files::chain("tls-cert-file", path)?;
    let key_path = settings.key_file.as_deref().ok_or_else(missing("tls-key-file"))?;
    let key = KeyFile {
        directive: "tls-key-file",
        path: key_path,
        password_directive: "tls-key-file-pass",
        password: settings.key_file_pass.as_ref().map(Secret::reveal),
    };
    certified(chain, "tls-cert-file", path, &key, provider)
}

/// Who judges the certificates of clients; nobody where they need none.
fn verifier(
    settings: &Tls,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Error> {
    if settings.auth_clients == TlsAuthClients::No {
        return Ok(None);
    }
    let mut authorities = Authorities::default();
    if let Some(path) = &settings.ca_cert_file {
        authorities.add_file("tls-ca-cert-file", path)?;
    }
    if let Some(path) = &settings.ca_cert_dir {
        authorities.add_directory("tls-ca-cert-dir", path)?;
    }
    if authorities.is_empty() {
        return Err(Error::of("tls-ca-cert-file", NO_AUTHORITIES));
    }
    let trust = authorities.into_trust(&provider);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&trust.roots), provider);
    let builder = match settings.auth_clients {
        TlsAuthClients::Optional => builder.allow_unauthenticated(),
        TlsAuthClients::Yes | TlsAuthClients::No => builder,
    };
    let verifier = builder.build().map_err(|error| Error::of("tls-ca-cert-file", error.to_string()))?;
    Ok(Some(Arc::new(Verifier { trust, verifier })))
}

/// rustls' verifier, asked where [`Trust`] has no verdict.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        self.verifier.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match self.trust.verdict(certificate, now) {
            Some(verdict) => verdict.map(|()| ClientCertVerified::assertion()),
            None => self.verifier.verify_client_cert(certificate, intermediates, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.trust.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.trust.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::test_certificates::{Authority, directory, settings};

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let directory = directory();
        let (good, host) = settings(&directory);
        let problem = |change: &dyn Fn(&mut Tls)| {
            let mut settings = good.clone();
            change(&mut settings);
            server_config(&settings).map(|_| ()).unwrap_err().to_string()
        };
        assert!(server_config(&good).is_ok());
        assert_eq!(problem(&|tls| tls.cert_file = None), "tls-cert-file: it must be given where tls-port is");
        assert_eq!(problem(&|tls| tls.key_file = None), "tls-key-file: it must be given where tls-port is");
        assert_eq!(problem(&|tls| tls.ca_cert_file = None), format!("tls-ca-cert-file: {NO_AUTHORITIES}"));
        let nowhere = PathBuf::from("/nowhere");
        assert_eq!(
            problem(&|tls| tls.ca_cert_dir = Some(nowhere.clone())),
            "tls-ca-cert-dir '/nowhere': No such file or directory"
        );
        let other = Authority::new("other").issue("other");
        let path = host.write(&directory, "other.key", &other.key);
        assert!(
            problem(&|tls| tls.key_file = Some(path.clone()))
                .ends_with(&format!("it is not the key of tls-cert-file '{}'", host.certificate.display()))
        );
        assert!(problem(&|tls| tls.protocols = Some("TLSv1".to_owned())).starts_with("tls-protocols: "));
        assert!(problem(&|tls| tls.ciphers = Some("RC4".to_owned())).starts_with("tls-ciphers: 'RC4' "));
    }

    #[test]
    fn clients_need_no_authority_where_they_need_no_certificate() {
        let directory = directory();
        let (mut settings, _) = settings(&directory);
        settings.ca_cert_file = None;
        settings.auth_clients = TlsAuthClients::No;
        settings.session_caching = false;
        let config = server_config(&settings).unwrap();
        assert!(!config.session_storage.can_cache());
    }
}
