//! Certificates from files in PEM, and from directories of such files.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::Error;
use crate::trust::Trust;

/// The chain of certificates in a file, the one of whoever shows it first.
pub(crate) fn chain(directive: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(directive, path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| Error::of_file(directive, path, error))?;
    if chain.is_empty() {
        return Err(Error::of_file(directive, path, "there is no certificate in it"));
    }
    Ok(chain)
}

pub(crate) fn read(directive: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::unreadable(directive, path, &error))
}

/// The authorities whose certificates are trusted.
#[derive(Debug)]
pub struct Authorities {
    store: RootCertStore,
    known: HashSet<CertificateDer<'static>>,
}

impl Default for Authorities {
    fn default() -> Self {
        Self { store: RootCertStore::empty(), known: HashSet::new() }
    }
}

impl Authorities {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// Adds a certificate; whether it could be read.
    pub fn add(&mut self, certificate: CertificateDer<'static>) -> bool {
        self.known.contains(&certificate)
            || self.store.add(certificate.clone()).is_ok() && self.known.insert(certificate)
    }

    /// Adds the certificates of the file that `directive` names.
    ///
    /// # Errors
    /// When there is none in it, or one that cannot be read.
    pub fn add_file(&mut self, directive: &'static str, path: &Path) -> Result<(), Error> {
        for certificate in chain(directive, path)? {
            if !self.add(certificate) {
                return Err(Error::of_file(directive, path, "a certificate in it cannot be read"));
            }
        }
        Ok(())
    }

    /// Adds the certificates of all files in the directory that `directive` names; other files may lie there too.
    ///
    /// # Errors
    /// When there is no certificate in any of them.
    pub fn add_directory(&mut self, directive: &'static str, path: &Path) -> Result<(), Error> {
        let entries = fs::read_dir(path).map_err(|error| Error::unreadable(directive, path, &error))?;
        let mut is_any = false;
        for entry in entries {
            let entry = entry.map_err(|error| Error::unreadable(directive, path, &error))?;
            if entry.path().is_file() {
                for certificate in chain(directive, &entry.path()).unwrap_or_default() {
                    is_any |= self.add(certificate);
                }
            }
        }
        if is_any { Ok(()) } else { Err(Error::of_file(directive, path, "there is no certificate in it")) }
    }

    pub(crate) fn into_trust(self, provider: &CryptoProvider) -> Trust {
        Trust {
            roots: Arc::new(self.store),
            certificates: self.known,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_certificates::{Authority, directory};

    #[test]
    fn a_directory_may_hold_other_things_beside_certificates() {
        let directory = directory();
        let (first, second) = (Authority::new("first"), Authority::new("second"));
        let folder = directory.path().join("ca");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("README"), "no certificate").unwrap();
        let mut authorities = Authorities::default();
        let error = authorities.add_directory("tls-ca-cert-dir", &folder).unwrap_err().to_string();
        assert_eq!(error, format!("tls-ca-cert-dir '{}': there is no certificate in it", folder.display()));

        fs::write(folder.join("1.pem"), first.pem() + &second.pem()).unwrap();
        fs::write(folder.join("2.pem"), second.pem()).unwrap();
        authorities.add_directory("tls-ca-cert-dir", &folder).unwrap();
        assert_eq!(authorities.store.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_name() {
        let directory = directory();
        let path = directory.path().join("ca.crt");
        let problem = |text: &str| {
            fs::write(&path, text).unwrap();
            let error = Authorities::default().add_file("tls-ca-cert-file", &path).unwrap_err();
            assert_eq!(error.directive(), "tls-ca-cert-file");
            error.to_string().split(": ").nth(1).unwrap().to_owned()
        };
        assert_eq!(problem(""), "there is no certificate in it");
        assert_eq!(problem("-----BEGIN CERTIFICATE-----\n"), "missing section end marker");
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(problem(garbage), "a certificate in it cannot be read");
        let missing = chain("tls-cert-file", Path::new("/nowhere/a.crt")).unwrap_err().to_string();
        assert_eq!(missing, "tls-cert-file '/nowhere/a.crt': No such file or directory");
    }
}
