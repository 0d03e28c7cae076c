//! Reading a certificate, as far as that is needed where rustls' own reading does not help. The fields are those of
//! RFC 5280, section 4.1.

use std::time::Duration;

use pkcs8::der::asn1::{AnyRef, BitStringRef, GeneralizedTime, UtcTime};
use pkcs8::der::{self, Decode, ErrorKind, Reader, SliceReader, Tag, Tagged};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error};

/// A certificate.
pub(crate) struct Certificate<'a> {
    /// What the authority has signed.
    pub signed: &'a [u8],
    /// How, as the identifier without its tag and length.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
    /// Whether it is of X.509's first version, which has no extensions.
    pub is_first_version: bool,
    /// The authority's name, without its tag and length.
    pub issuer: &'a [u8],
    valid_from: Duration,
    valid_until: Duration,
    /// The key, as a whole SubjectPublicKeyInfo.
    pub key: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate; nothing where it is none.
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
            let is_first_version = Tag::peek(fields)? == Tag::Integer;
            if !is_first_version {
                fields.tlv_bytes()?;
            }
            Tag::peek(fields)?.assert_eq(Tag::Integer)?;
            fields.tlv_bytes()?;
            let algorithm = sequence(fields)?;
            let issuer = sequence(fields)?;
            let (valid_from, valid_until) = fields.sequence(validity)?;
            let _subject = sequence(fields)?;
            let key = fields.tlv_bytes()?;
            while !is_first_version && !fields.is_finished() {
                fields.tlv_bytes()?;
            }
            let signature = &[];
            Ok(Self { signed, algorithm, signature, is_first_version, issuer, valid_from, valid_until, key })
        })
    }

    /// Whether its time is now.
    pub fn check_time(&self, now: UnixTime) -> Result<(), Error> {
        let now = Duration::from_secs(now.as_secs());
        if now < self.valid_from {
            Err(CertificateError::NotValidYet.into())
        } else if now > self.valid_until {
            Err(CertificateError::Expired.into())
        } else {
            Ok(())
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
pub(crate) fn key_parts(contents: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(contents).ok()?;
    let kind = sequence(&mut reader).ok()?;
    let key = BitStringRef::decode(&mut reader).ok()?;
    Some((kind, key.as_bytes()?))
}
