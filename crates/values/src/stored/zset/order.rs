//! The order of a sorted set's members as the order of bytes: a *place* is the score in eight bytes and the member.

use crate::stored::Key;

const SIGN: u64 = 1 << 63;
/// What lies under a place whose score is -0.0, which is the same score as 0.0 but is given back as it was set.
const NEGATIVE_ZERO: &[u8] = b"-";

/// A number that is the higher the higher `score` is.
fn rank_of_score(score: f64) -> u64 {
    // The sum turns -0.0 into 0.0.
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Where `member` stands with this score.
pub(super) fn place(score: f64, member: &[u8]) -> Key {
    let mut place = Key::from_slice(&rank_of_score(score).to_be_bytes());
    place.extend_from_slice(member);
    place
}

/// Where the members of this score begin, or those of the next higher one.
pub(super) fn place_of_score(score: f64, next: bool) -> Key {
    Key::from_slice(&(rank_of_score(score) + u64::from(next)).to_be_bytes())
}

/// What lies under the place of a member with this score.
pub(super) fn mark(score: f64) -> &'static [u8] {
    if score == 0.0 && score.is_sign_negative() { NEGATIVE_ZERO } else { b"" }
}

/// The member of a place.
pub(super) fn member(place: &[u8]) -> &[u8] {
    member_and_score(place, b"").0
}

/// The member and the score of a place with what lies under it.
pub(super) fn member_and_score<'a>(place: &'a [u8], mark: &[u8]) -> (&'a [u8], f64) {
    let Some((bytes, member)) = place.split_first_chunk() else { return (b"", 0.0) };
    let rank = u64::from_be_bytes(*bytes);
    let score = f64::from_bits(if rank & SIGN == 0 { !rank } else { rank ^ SIGN });
    (member, if mark == NEGATIVE_ZERO { -0.0 } else { score })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_scores_and_members() {
        let subnormal = f64::MIN_POSITIVE / 4.0;
        let scores = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -1.0,
            -subnormal,
            0.0,
            subnormal,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        let places: Vec<Key> = scores
            .iter()
            .flat_map(|&score| [b"" as &[u8], b"a", b"b"].map(|member| place(score, member)))
            .collect();
        assert!(places.is_sorted_by(|a, b| a < b));
        for &score in &scores {
            let (of, behind) = (place_of_score(score, false), place_of_score(score, true));
            assert!(of <= place(score, b"") && place(score, &[255; 9]) < behind);
            assert_eq!(member_and_score(&place(score, b"x"), mark(score)), (&b"x"[..], score));
        }
    }

    #[test]
    fn zeros_have_one_place_and_keep_their_sign() {
        assert_eq!(place(-0.0, b"x"), place(0.0, b"x"));
        for zero in [-0.0, 0.0] {
            let (_, score) = member_and_score(&place(zero, b"x"), mark(zero));
            assert_eq!(score.to_bits(), zero.to_bits());
        }
    }
}
