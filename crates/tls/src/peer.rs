//! The side of a server that calls another one: what the `tls-` directives make of it.

use std::path::PathBuf;
use std::sync::Arc;

use config::Secret;
use config::table::tls::Tls;
use rustls::ClientConfig;
use rustls::sign::SingleCertAndKey;

use crate::Error;
use crate::client::{NameCheck, Verifier};
use crate::files::{self, Authorities};
use crate::key::{KeyFile, certified};
use crate::names::Choice;

/// Makes what the directives ask for where this server is another one's client. The other's certificate has to be
/// signed by an authority of `tls-ca-cert-file` or `tls-ca-cert-dir`, for whatever name, as with Redis. What is shown is
/// the certificate of `tls-client-cert-file` or, without one, that of `tls-cert-file`.
///
/// # Errors
/// The first directive that is missing or wrong.
pub fn peer_config(settings: &Tls) -> Result<ClientConfig, Error> {
    let choice = Choice {
        protocols: settings.protocols.as_deref(),
        ciphers: settings.ciphers.as_deref(),
        ciphersuites: settings.ciphersuites.as_deref(),
    };
    let provider = Arc::new(choice.provider()?);
    let mut authorities = Authorities::default();
    if let Some(path) = &settings.ca_cert_file {
        authorities.add_file("tls-ca-cert-file", path)?;
    }
    if let Some(path) = &settings.ca_cert_dir {
        authorities.add_directory("tls-ca-cert-dir", path)?;
    }
    if authorities.is_empty() {
        return Err(Error::of(
            "tls-ca-cert-file",
            "it, or tls-ca-cert-dir, must be given where tls-replication is yes",
        ));
    }
    let verifier = Verifier::new(NameCheck::Lenient(authorities), Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&choice.versions()?)
        .map_err(|error| Error::of("tls-protocols", error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let shown = if settings.client_cert_file.is_some() {
        Shown {
            cert: ("tls-client-cert-file", &settings.client_cert_file),
            key: ("tls-client-key-file", &settings.client_key_file),
            password: ("tls-client-key-file-pass", &settings.client_key_file_pass),
        }
    } else {
        Shown {
            cert: ("tls-cert-file", &settings.cert_file),
            key: ("tls-key-file", &settings.key_file),
            password: ("tls-key-file-pass", &settings.key_file_pass),
        }
    };
    let (Some(cert), Some(key)) = (shown.cert.1, shown.key.1) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = files::chain(shown.cert.0, cert)?;
    let file = KeyFile {
        directive: shown.key.0,
        path: key,
        password_directive: shown.password.0,
        password: shown.password.1.as_ref().map(Secret::reveal),
    };
    let certificate = certified(chain, shown.cert.0, cert, &file, &provider)?;
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate))))
}

/// What is shown, each with the directive that names it.
struct Shown<'s> {
    cert: (&'static str, &'s Option<PathBuf>),
    key: (&'static str, &'s Option<PathBuf>),
    password: (&'static str, &'s Option<Secret>),
}
