//! Private keys, in the clear or behind a password.

use std::path::Path;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys};

use crate::{Error, files};

const ENCRYPTED_BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// What a key that OpenSSL encrypted in its own way, before PKCS#8, has in its head.
const TRADITIONAL_MARK: &str = "Proc-Type: 4,ENCRYPTED";

/// A file with a private key: the directives that name it and its password, and what they say.
pub(crate) struct KeyFile<'a> {
    pub directive: &'static str,
    pub path: &'a Path,
    pub password_directive: &'static str,
    pub password: Option<&'a [u8]>,
}

impl KeyFile<'_> {
    /// Reads the key: PKCS#8, in the clear or encrypted, PKCS#1 or SEC1.
    pub fn read(&self) -> Result<PrivateKeyDer<'static>, Error> {
        let bytes = files::read(self.directive, self.path)?;
        let text = String::from_utf8_lossy(&bytes);
        if let Some(section) = encrypted_section(&text) {
            return self.decrypt(section);
        }
        if text.contains(TRADITIONAL_MARK) {
            return Err(self.wrong(
                "it is encrypted in OpenSSL's old format, which is not read; \
                 openssl pkcs8 -topk8 writes it in the present one",
            ));
        }
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => self.wrong("there is no private key in it"),
            error => self.wrong(error),
        })
    }

    fn decrypt(&self, section: &str) -> Result<PrivateKeyDer<'static>, Error> {
        let password = self.password.ok_or_else(|| {
            self.wrong(format_args!("it is encrypted, and {} is not set", self.password_directive))
        })?;
        let (_, document) = SecretDocument::from_pem(section)
            .map_err(|error| self.wrong(format_args!("it cannot be read: {error}")))?;
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|error| self.wrong(format_args!("its encryption is not known: {error}")))?;
        let key = encrypted.decrypt(password).map_err(|_| {
            self.wrong(format_args!("it cannot be decrypted with {}", self.password_directive))
        })?;
        Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
    }

    fn wrong(&self, problem: impl std::fmt::Display) -> Error {
        Error::of_file(self.directive, self.path, problem)
    }
}

/// A chain of certificates, read from the file that `directive` names, with the key of the first.
pub(crate) fn certified(
    chain: Vec<CertificateDer<'static>>,
    directive: &'static str,
    path: &Path,
    key: &KeyFile<'_>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Error> {
    let signing_key = provider.key_provider.load_private_key(key.read()?);
    let certified = CertifiedKey::new(chain, signing_key.map_err(|error| key.wrong(error))?);
    match certified.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(key.wrong(format_args!("it is not the key of {directive} '{}'", path.display())))
        }
        // It is for the peer to judge one that only rustls does not accept, such as one of X.509's first version.
        Err(rustls::Error::InvalidCertificate(CertificateError::BadEncoding)) => {
            Err(Error::of_file(directive, path, "the certificate in it cannot be read"))
        }
        _ => Ok(certified),
    }
}

fn encrypted_section(text: &str) -> Option<&str> {
    let begin = text.find(ENCRYPTED_BEGIN)?;
    let end = begin + text[begin..].find(ENCRYPTED_END)? + ENCRYPTED_END.len();
    Some(&text[begin..end])
}

#[cfg(test)]
mod tests {
    use pkcs8::LineEnding;
    use pkcs8::der::asn1::OctetStringRef;
    use pkcs8::pkcs5::pbes2::Parameters;

    use super::*;
    use crate::test_certificates::directory;

    /// A new key, and the same behind `password`, as `openssl genpkey -aes256` writes it.
    fn encrypted(password: &str) -> (Vec<u8>, String) {
        let key = rcgen::KeyPair::generate().unwrap().serialize_der();
        // Few rounds: it is to be read, not to be safe.
        let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(2048, b"saltsalt", [7; 16]).unwrap();
        let data = parameters.encrypt(password, &key).unwrap();
        let encrypted = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: parameters.into(),
            encrypted_data: OctetStringRef::new(&data).unwrap(),
        };
        let document = SecretDocument::try_from(encrypted).unwrap();
        let text = document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
        (key, text.to_string())
    }

    fn read(text: &str, password: Option<&str>) -> Result<Vec<u8>, String> {
        let directory = directory();
        let path = directory.path().join("server.key");
        std::fs::write(&path, text).unwrap();
        let file = KeyFile {
            directive: "tls-key-file",
            path: &path,
            password_directive: "tls-key-file-pass",
            password: password.map(str::as_bytes),
        };
        let key = file.read().map(|key| key.secret_der().to_vec());
        key.map_err(|error| error.to_string().rsplit("key': ").next().unwrap().to_owned())
    }

    #[test]
    fn a_key_behind_a_password() {
        let (key, text) = encrypted("1234");
        assert_eq!(read(&format!("# a comment\n{text}"), Some("1234")), Ok(key));
        let problem = |password| read(&text, password).unwrap_err();
        assert_eq!(problem(Some("12345")), "it cannot be decrypted with tls-key-file-pass");
        assert_eq!(problem(None), "it is encrypted, and tls-key-file-pass is not set");
    }

    #[test]
    fn a_key_in_the_clear_needs_no_password() {
        let key = rcgen::KeyPair::generate().unwrap();
        assert_eq!(read(&key.serialize_pem(), Some("1234")).unwrap(), key.serialize_der());
        assert_eq!(read(&key.serialize_pem(), None).unwrap(), key.serialize_der());
    }

    #[test]
    fn what_is_no_key() {
        assert_eq!(read("", None).unwrap_err(), "there is no private key in it");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert!(read(old, Some("1234")).unwrap_err().contains("openssl pkcs8 -topk8"));
        let broken = format!("{ENCRYPTED_BEGIN}\nAAAA\n{ENCRYPTED_END}\n");
        assert!(read(&broken, Some("1234")).unwrap_err().starts_with("it cannot be read: "));
    }
}
