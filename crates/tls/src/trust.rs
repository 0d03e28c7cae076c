//! Whose certificates are trusted, also where OpenSSL does and rustls does not:
//!
//! - a certificate of X.509's first version, which has no extensions. Before its version 3.2 OpenSSL makes one whenever
//!   nobody asks for extensions: so do the scripts that come with Redis, and many of the instructions for it. It is
//!   accepted only at the end of a chain of two: an authority that is trusted has signed for it itself.
//! - a certificate that is one of those that are trusted, as where a server shows one that it has signed itself, and
//!   the client was given just that.

use std::collections::HashSet;
use std::sync::Arc;

use pkcs8::der::Decode;
use pkcs8::der::asn1::AnyRef;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore};

use crate::x509::{Certificate, key_parts};

/// Who is trusted.
#[derive(Debug)]
pub(crate) struct Trust {
    pub roots: Arc<RootCertStore>,
    pub certificates: HashSet<CertificateDer<'static>>,
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl Trust {
    /// What is to be thought of a certificate, whatever names it is for; nothing where that is for rustls to say.
    pub fn verdict(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Option<Result<(), Error>> {
        let read = Certificate::read(certificate)?;
        if self.certificates.contains(certificate) {
            return Some(read.check_time(now));
        }
        read.is_first_version.then(|| {
            read.check_time(now)?;
            if self.has_signed_for(&read) { Ok(()) } else { Err(CertificateError::UnknownIssuer.into()) }
        })
    }

    fn has_signed_for(&self, certificate: &Certificate<'_>) -> bool {
        // Where an authority may only sign for certain names, that cannot be checked here.
        let mut issuers = self.roots.roots.iter().filter(|authority| {
            authority.subject.as_ref() == certificate.issuer && authority.name_constraints.is_none()
        });
        issuers.any(|authority| is_signed_by(certificate, authority, &self.algorithms))
    }
}

fn is_signed_by(
    certificate: &Certificate<'_>,
    authority: &TrustAnchor<'_>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let Some((kind, key)) = key_parts(authority.subject_public_key_info.as_ref()) else { return false };
    algorithms.all.iter().any(|algorithm| {
        algorithm.public_key_alg_id().as_ref() == kind
            && algorithm.signature_alg_id().as_ref() == certificate.algorithm
            && algorithm.verify_signature(key, certificate.signed, certificate.signature).is_ok()
    })
}

/// The certificate, if it is of the first version.
fn first_version<'a>(certificate: &'a CertificateDer<'_>) -> Option<Certificate<'a>> {
    Certificate::read(certificate).filter(|certificate| certificate.is_first_version)
}

/// Whether `message` was signed with the key of `certificate`, of either version, in TLS 1.2.
pub(crate) fn verify_tls12_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let Some(first) = first_version(certificate) else {
        return crypto::verify_tls12_signature(message, certificate, signature, algorithms);
    };
    let of_scheme = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
    let (_, of_scheme) = of_scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let bad_encoding = Error::InvalidCertificate(CertificateError::BadEncoding);
    let contents = AnyRef::from_der(first.key).map_err(|_| bad_encoding.clone())?.value();
    let (kind, key) = key_parts(contents).ok_or(bad_encoding)?;
    let is_valid = of_scheme.iter().any(|algorithm| {
        algorithm.public_key_alg_id().as_ref() == kind
            && algorithm.verify_signature(key, message, signature.signature()).is_ok()
    });
    if is_valid {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(CertificateError::BadSignature.into())
    }
}

/// Whether `message` was signed with the key of `certificate`, of either version, in TLS 1.3.
pub(crate) fn verify_tls13_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let Some(first) = first_version(certificate) else {
        return crypto::verify_tls13_signature(message, certificate, signature, algorithms);
    };
    let key = SubjectPublicKeyInfoDer::from(first.key);
    crypto::verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
}

#[cfg(test)]
mod tests {
    use pkcs8::der::{self, Reader, SliceReader};
    use rcgen::SigningKey;
    use rustls::crypto::ring;

    use super::*;
    use crate::Authorities;
    use crate::test_certificates::Authority;

    /// Tag, length and contents.
    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = contents.len();
        let length = match u8::try_from(length) {
            Ok(short @ 0..128) => vec![short],
            Ok(byte) => vec![0x81, byte],
            Err(_) => vec![0x82, (length >> 8) as u8, length as u8],
        };
        [&[tag], length.as_slice(), contents].concat()
    }

    /// The fields of a sequence, each as a whole.
    fn fields(sequence: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = SliceReader::new(sequence).unwrap();
        let fields = reader.sequence(|reader| {
            let mut fields = Vec::new();
            while !reader.is_finished() {
                fields.push(reader.tlv_bytes()?.to_vec());
            }
            Ok::<_, der::Error>(fields)
        });
        fields.unwrap()
    }

    /// A certificate of the third version without its version and its extensions, signed anew.
    fn first_version(authority: &Authority, name: &str, expired: bool) -> CertificateDer<'static> {
        let third = authority.issue_der(name, expired);
        let whole = fields(&third);
        let signed = fields(&whole[0]);
        let signed = tlv(0x30, &signed[1..=6].concat());
        let signature = authority.key().sign(&signed).unwrap();
        let signature = tlv(3, &[&[0], signature.as_slice()].concat());
        tlv(0x30, &[signed, whole[1].clone(), signature].concat()).into()
    }

    fn verdict(certificate: &CertificateDer<'_>, authority: &Authority) -> Option<Result<(), Error>> {
        let mut authorities = Authorities::default();
        assert!(authorities.add(authority.der()));
        let trust = authorities.into_trust(&ring::default_provider());
        trust.verdict(certificate, UnixTime::now())
    }

    #[test]
    fn an_authority_has_to_have_signed_for_it() {
        let authority = Authority::new("authority");
        let good = first_version(&authority, "client", false);
        assert_eq!(verdict(&good, &authority), Some(Ok(())));
        assert_eq!(
            verdict(&good, &Authority::new("other")),
            Some(Err(CertificateError::UnknownIssuer.into())),
            "of another name"
        );
        assert_eq!(
            verdict(&good, &Authority::new("authority")),
            Some(Err(CertificateError::UnknownIssuer.into())),
            "of the same name with another key"
        );
        let expired = first_version(&authority, "client", true);
        assert_eq!(verdict(&expired, &authority), Some(Err(CertificateError::Expired.into())));
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let authority = Authority::new("authority");
        let good = first_version(&authority, "client", false);
        for index in 0..good.len() {
            let mut bad = good.to_vec();
            bad[index] ^= 1;
            let bad = CertificateDer::from(bad);
            let is_accepted = verdict(&bad, &authority).is_some_and(|verdict| verdict.is_ok());
            assert!(!is_accepted, "byte {index}");
            let cut = CertificateDer::from(good[..index].to_vec());
            assert_eq!(verdict(&cut, &authority), None);
        }
    }

    #[test]
    fn the_third_version_is_left_to_rustls() {
        let authority = Authority::new("authority");
        assert_eq!(verdict(&authority.issue_der("client", false), &authority), None);
        assert_eq!(verdict(&CertificateDer::from(Vec::new()), &authority), None);
    }

    #[test]
    fn what_is_trusted_is_trusted_itself() {
        let authority = Authority::new("authority");
        assert_eq!(verdict(&authority.der(), &authority), Some(Ok(())));
        assert_eq!(verdict(&Authority::new("authority").der(), &authority), None);
    }
}
