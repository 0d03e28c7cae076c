//! Passwords, of which only the SHA-256 is kept.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::RuleError;

/// The SHA-256 of a password. `Display` gives it in lower-case hexadecimal digits, as rules do.
#[derive(Clone)]
pub(crate) struct Password([u8; 32]);

impl Password {
    /// Of the password itself.
    pub fn of(text: &[u8]) -> Password {
        Password(Sha256::digest(text).into())
    }

    /// As rules give it.
    pub fn from_hex(digits: &[u8]) -> Result<Password, RuleError> {
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(RuleError::BadHash),
        };
        if digits.len() != 64 {
            return Err(RuleError::BadHash);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Password(hash))
    }

    /// Compares in a time that does not tell where the first difference is.
    pub fn is(&self, other: &Password) -> bool {
        let differences = self.0.iter().zip(other.0).fold(0, |all, (left, right)| all | (left ^ right));
        std::hint::black_box(differences) == 0
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A password does not belong in logs, not even what is known of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_fips_180_and_reads_back() {
        let abc = Password::of(b"abc");
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(abc.to_string(), digits);
        assert!(Password::from_hex(digits.as_bytes()).unwrap().is(&abc));
        assert!(!Password::of(b"abd").is(&abc));
        let short = &digits[1..];
        for bad in [short, &format!("{short}g"), &digits.to_uppercase(), &format!("{digits}0"), ""] {
            assert_eq!(Password::from_hex(bad.as_bytes()).unwrap_err(), RuleError::BadHash, "{bad}");
        }
    }
}
