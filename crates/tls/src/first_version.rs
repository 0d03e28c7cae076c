//! Certificates of X.509's first version, which have no extensions.
//!
//! rustls reads only those of the third. OpenSSL accepts both, and before its version 3.2 it makes one of the first
//! whenever nobody asks for extensions: so do the scripts that come with Redis, and many of the instructions for it.
//! One is accepted here only at the end of a chain of two: an authority that is trusted has signed for it itself.
//! The fields are those of RFC 5280, section 4.1.

use std::time::Duration;

use pkcs8::der::asn1::{AnyRef, BitStringRef, GeneralizedTime, UtcTime};
use pkcs8::der::{self, Decode, ErrorKind, Reader, SliceReader, Tag, Tagged};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore};

/// A certificate of the first version.
pub(crate) struct FirstVersion<'a> {
    /// What the authority has signed.
    signed: &'a [u8],
    /// How, as the identifier without its tag and length.
    algorithm: &'a [u8],
    signature: &'a [u8],
    /// The authority's name, without its tag and length.
    issuer: &'a [u8],
    valid_from: Duration,
    valid_until: Duration,
    /// The key, as a whole SubjectPublicKeyInfo.
    key: &'a [u8],
}

impl<'a> FirstVersion<'a> {
    /// Reads a certificate; nothing where it is none of the first version.
    pub fn read(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let mut reader = SliceReader::new(certificate).ok()?;
        let (signed, algorithm, signature) = reader
            .sequence(|fields| {
                let signed = fields.tlv_bytes()?;
                Ok::<_, der::Error>((signed, sequence(fields)?, BitStringRef::decode(fields)?))
            })
            .ok()?;
        reader.finish().ok()?;
        let this = Self::read_signed(signed).ok()?;
        (this.algorithm == algorithm).then_some(Self { signature: signature.as_bytes()?, ..this })
    }

    fn read_signed(signed: &'a [u8]) -> der::Result<Self> {
        SliceReader::new(signed)?.sequence(|fields| {
            // Where there is a version, it stands first, with a tag of its own; the serial number is an integer.
            Tag::peek(fields)?.assert_eq(Tag::Integer)?;
            fields.tlv_bytes()?;
            let algorithm = sequence(fields)?;
            let issuer = sequence(fields)?;
            let (valid_from, valid_until) = fields.sequence(validity)?;
            let _subject = sequence(fields)?;
            let key = fields.tlv_bytes()?;
            Ok(Self { signed, algorithm, signature: &[], issuer, valid_from, valid_until, key })
        })
    }

    /// Whether one of `authorities` has signed for it, and its time is now.
    pub fn verify(
        &self,
        authorities: &RootCertStore,
        algorithms: &WebPkiSupportedAlgorithms,
        now: UnixTime,
    ) -> Result<(), Error> {
        let now = Duration::from_secs(now.as_secs());
        if now < self.valid_from {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > self.valid_until {
            return Err(CertificateError::Expired.into());
        }
        // What an authority may only sign for certain names cannot be checked here.
        let mut issuers = authorities.roots.iter().filter(|authority| {
            authority.subject.as_ref() == self.issuer && authority.name_constraints.is_none()
        });
        if issuers.any(|authority| self.is_signed_by(authority, algorithms)) {
            Ok(())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn is_signed_by(&self, authority: &TrustAnchor<'_>, algorithms: &WebPkiSupportedAlgorithms) -> bool {
        let Some((kind, key)) = key_parts(authority.subject_public_key_info.as_ref()) else { return false };
        algorithms.all.iter().any(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == kind
                && algorithm.signature_alg_id().as_ref() == self.algorithm
                && algorithm.verify_signature(key, self.signed, self.signature).is_ok()
        })
    }

    /// Whether `message` was signed with the certificate's key, in TLS 1.2.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, Error> {
        let of_scheme = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
        let (_, of_scheme) = of_scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let bad_encoding = Error::InvalidCertificate(CertificateError::BadEncoding);
        let contents = AnyRef::from_der(self.key).map_err(|_| bad_encoding.clone())?.value();
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
}

/// The contents of the sequence that comes next.
fn sequence<'a>(reader: &mut impl Reader<'a>) -> der::Result<&'a [u8]> {
    let any = AnyRef::decode(reader)?;
    any.tag().assert_eq(Tag::Sequence)?;
    Ok(any.value())
}

fn validity<'a>(times: &mut impl Reader<'a>) -> der::Result<(Duration, Duration)> {
    Ok((time(times)?, time(times)?))
}

/// The moment that comes next, since 1970.
fn time<'a>(reader: &mut impl Reader<'a>) -> der::Result<Duration> {
    match Tag::peek(reader)? {
        Tag::UtcTime => Ok(UtcTime::decode(reader)?.to_unix_duration()),
        Tag::GeneralizedTime => Ok(GeneralizedTime::decode(reader)?.to_unix_duration()),
        _ => Err(ErrorKind::DateTime.into()),
    }
}

/// Of the contents of a SubjectPublicKeyInfo: the kind of key, as the identifier without its tag and length, and the
/// key's bits.
fn key_parts(contents: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(contents).ok()?;
    let kind = sequence(&mut reader).ok()?;
    let key = BitStringRef::decode(&mut reader).ok()?;
    Some((kind, key.as_bytes()?))
}

/// Whether `message` was signed with the key of `certificate`, of either version, in TLS 1.2.
pub(crate) fn verify_tls12_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    match FirstVersion::read(certificate) {
        Some(first) => first.verify_tls12_signature(message, signature, algorithms),
        None => crypto::verify_tls12_signature(message, certificate, signature, algorithms),
    }
}

/// Whether `message` was signed with the key of `certificate`, of either version, in TLS 1.3.
pub(crate) fn verify_tls13_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    match FirstVersion::read(certificate) {
        Some(first) => {
            let key = SubjectPublicKeyInfoDer::from(first.key);
            crypto::verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
        }
        None => crypto::verify_tls13_signature(message, certificate, signature, algorithms),
    }
}

#[cfg(test)]
mod tests {
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

    fn verify(certificate: &CertificateDer<'_>, authority: &Authority) -> Result<(), Error> {
        let mut authorities = Authorities::default();
        assert!(authorities.add(authority.der()));
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let first = FirstVersion::read(certificate).unwrap();
        first.verify(&authorities.into_store(), &algorithms, UnixTime::now())
    }

    #[test]
    fn an_authority_has_to_have_signed_for_it() {
        let authority = Authority::new("authority");
        let good = first_version(&authority, "client", false);
        assert_eq!(verify(&good, &authority), Ok(()));
        assert_eq!(
            verify(&good, &Authority::new("other")),
            Err(CertificateError::UnknownIssuer.into()),
            "of another name"
        );
        assert_eq!(
            verify(&good, &Authority::new("authority")),
            Err(CertificateError::UnknownIssuer.into()),
            "of the same name with another key"
        );
        let expired = first_version(&authority, "client", true);
        assert_eq!(verify(&expired, &authority), Err(CertificateError::Expired.into()));
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let authority = Authority::new("authority");
        let good = first_version(&authority, "client", false);
        for index in 0..good.len() {
            let mut bad = good.to_vec();
            bad[index] ^= 1;
            let bad = CertificateDer::from(bad);
            let is_accepted = FirstVersion::read(&bad).is_some() && verify(&bad, &authority).is_ok();
            assert!(!is_accepted, "byte {index}");
            let cut = CertificateDer::from(good[..index].to_vec());
            assert!(FirstVersion::read(&cut).is_none());
        }
    }

    #[test]
    fn the_third_version_is_left_to_rustls() {
        let third = Authority::new("authority").issue_der("client", false);
        assert!(FirstVersion::read(&third).is_none());
        assert!(FirstVersion::read(&CertificateDer::from(Vec::new())).is_none());
    }
}
