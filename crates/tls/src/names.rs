//! Versions and ciphers by the names that redis.conf gives them, which are OpenSSL's.

use rustls::crypto::ring::cipher_suite as suites;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::Error;

/// The versions that are spoken, by name.
const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("TLSv1.2", &TLS12), ("TLSv1.3", &TLS13)];

/// The suites of TLS 1.2, by OpenSSL's names, in the order in which they are preferred.
#[rustfmt::skip]
const SUITES_OF_12: [(&str, SupportedCipherSuite); 6] = [
    ("ECDHE-ECDSA-AES256-GCM-SHA384", suites::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", suites::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384",   suites::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES128-GCM-SHA256",   suites::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305",   suites::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// The suites of TLS 1.3.
const SUITES_OF_13: [(&str, SupportedCipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", suites::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", suites::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", suites::TLS13_CHACHA20_POLY1305_SHA256),
];

/// Words of OpenSSL's lists of ciphers that stand for all of ours, none of which is weak.
const ALL_WORDS: [&str; 6] = ["DEFAULT", "ALL", "HIGH", "SECURE128", "SECURE192", "SECURE256"];

/// What `tls-protocols`, `tls-ciphers` and `tls-ciphersuites` choose: nothing said is everything.
#[derive(Clone, Copy, Default)]
pub(crate) struct Choice<'a> {
    pub protocols: Option<&'a str>,
    pub ciphers: Option<&'a str>,
    pub ciphersuites: Option<&'a str>,
}

impl Choice<'_> {
    /// The versions to speak.
    pub fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Error> {
        let Some(words) = self.protocols else { return Ok(VERSIONS.map(|(_, version)| version).to_vec()) };
        let mut versions = Vec::new();
        for word in words.split_whitespace() {
            let known = VERSIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            let (_, version) = known.ok_or_else(|| {
                Error::of("tls-protocols", format!("'{word}' is not spoken here: TLSv1.2 and TLSv1.3 are"))
            })?;
            versions.push(*version);
        }
        if versions.is_empty() {
            return Err(Error::of("tls-protocols", "it names no version"));
        }
        Ok(versions)
    }

    /// ring's cryptography with the chosen suites.
    pub fn provider(&self) -> Result<CryptoProvider, Error> {
        let mut cipher_suites = match self.ciphersuites {
            Some(list) => chosen("tls-ciphersuites", list, &SUITES_OF_13)?,
            None => SUITES_OF_13.map(|(_, suite)| suite).to_vec(),
        };
        cipher_suites.extend(match self.ciphers {
            Some(list) => chosen("tls-ciphers", list, &SUITES_OF_12)?,
            None => SUITES_OF_12.map(|(_, suite)| suite).to_vec(),
        });
        Ok(CryptoProvider { cipher_suites, ..ring::default_provider() })
    }
}

/// What OpenSSL's list chooses of `known`, in its order. As in OpenSSL, names that are not known are passed over
/// where others are; `!NAME` and `-NAME` take one away, and `@WORD` says nothing of what there is.
fn chosen(
    directive: &'static str,
    list: &str,
    known: &[(&str, SupportedCipherSuite)],
) -> Result<Vec<SupportedCipherSuite>, Error> {
    let mut chosen: Vec<SupportedCipherSuite> = Vec::new();
    let mut forbidden: Vec<&str> = Vec::new();
    for word in list.split([':', ',', ' ']).filter(|word| !word.is_empty() && !word.starts_with('@')) {
        let word = word.strip_prefix('+').unwrap_or(word);
        if let Some(name) = word.strip_prefix(['!', '-']) {
            forbidden.extend(word.starts_with('!').then_some(name));
            chosen.retain(|suite| !known.iter().any(|(known, of)| *known == name && of == suite));
            continue;
        }
        let is_all = ALL_WORDS.contains(&word);
        for (name, suite) in known {
            if (is_all || *name == word) && !forbidden.contains(name) && !chosen.contains(suite) {
                chosen.push(*suite);
            }
        }
    }
    if chosen.is_empty() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(Error::of(directive, format!("'{list}' names none of {}", names.join(", "))));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Result<Vec<&'static str>, String> {
        let chosen = chosen("tls-ciphers", list, &SUITES_OF_12).map_err(|error| error.to_string())?;
        let name = |suite| SUITES_OF_12.iter().find(|(_, of)| *of == suite).unwrap().0;
        Ok(chosen.into_iter().map(name).collect())
    }

    #[test]
    fn ciphers_come_in_the_order_of_the_list() {
        let two = ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"];
        assert_eq!(names("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384").unwrap(), two);
        assert_eq!(
            names("AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA").unwrap(),
            ["ECDHE-RSA-AES128-GCM-SHA256"]
        );
        for all in ["DEFAULT", "HIGH:!aNULL:!MD5:@STRENGTH", "ALL", "DEFAULT:-AES128-SHA256"] {
            assert_eq!(names(all).unwrap().len(), 6, "{all}");
        }
        assert_eq!(names("DEFAULT:-ECDHE-RSA-AES128-GCM-SHA256").unwrap().len(), 5);
        assert_eq!(names("!ECDHE-RSA-AES128-GCM-SHA256:DEFAULT").unwrap().len(), 5);
        assert_eq!(names("-ECDHE-RSA-AES128-GCM-SHA256:DEFAULT").unwrap().len(), 6);
    }

    #[test]
    fn a_list_of_nothing_known_is_named() {
        for list in ["", "AES128-SHA256:AES256-SHA256", "nonsense", "!DEFAULT"] {
            let error = names(list).unwrap_err();
            assert!(error.starts_with(&format!("tls-ciphers: '{list}' names none of ECDHE-")), "{error}");
        }
    }

    #[test]
    fn versions_before_1_2_are_not_spoken() {
        let versions = |protocols| {
            let choice = Choice { protocols: Some(protocols), ..Choice::default() };
            choice.versions().map(|versions| versions.len()).map_err(|error| error.to_string())
        };
        assert_eq!(versions("tlsv1.2 TLSv1.3"), Ok(2));
        assert_eq!(versions("TLSv1.3"), Ok(1));
        assert_eq!(
            versions("TLSv1.1 TLSv1.2").unwrap_err(),
            "tls-protocols: 'TLSv1.1' is not spoken here: TLSv1.2 and TLSv1.3 are"
        );
        assert!(versions(" ").is_err());
        assert_eq!(Choice::default().versions().unwrap().len(), 2);
    }
}
