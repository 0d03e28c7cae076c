//! Hit rate as a cache: how many look-ups find their key where far more is asked for than fits `maxmemory`.
//!
//! Keys are asked for by Zipf's law, as those of caches roughly are: the n-th most popular one as often as 1/n^0.9 says.
//! What is missing is put in, and the server chooses what goes. Both what it chooses and how much it holds in the same
//! memory count.

use std::io;

use super::options::Options;
use super::report::{Limit, Row, Section};
use super::rounds::{interleave, median};
use super::servers::{Peers, Program, not_found};
use super::{SERVER_CORE, data};

/// Different keys that are asked for.
const KEYS: usize = 1_000_000;
/// Look-ups; the second half of them counts.
const LOOKUPS: usize = 2_000_000;
const EXPONENT: f64 = 0.9;
const MAXMEMORY: &str = "48mb";

const POLICIES: &[&str] = &["allkeys-lru", "allkeys-lfu", "allkeys-random"];

/// Measures Esker beside its peers.
pub fn measure(peers: &Peers, options: &Options) -> Section {
    let policies: Vec<&str> =
        POLICIES.iter().copied().filter(|policy| options.wants("cache", policy)).collect();
    let columns = peers.columns();
    let cumulated = cumulated_weights(if policies.is_empty() { 0 } else { KEYS });
    let samples = interleave(1, policies.len(), columns.len(), |row, column| {
        let program = columns[column].as_ref().map_err(|file| not_found(file))?;
        let rate = hit_rate(program, peers, policies[row], &cumulated, options.amount(LOOKUPS))?;
        eprintln!("cache: {}: {} {rate:.2}%", policies[row], program.name);
        Ok(rate)
    });
    let rows = policies.iter().zip(samples).map(|(policy, figures)| Row {
        name: (*policy).to_owned(),
        figures: figures.into_iter().map(|figures| figures.map(median)).collect(),
        limit: Some(Limit::RatioMin(1.0)),
    });
    Section {
        name: "cache",
        title: "Hit rate as a cache",
        method: format!(
            "Look-ups that found their key, with `maxmemory {MAXMEMORY}`: of {KEYS} keys with values of 64 bytes, the \
             n-th is asked for as often as 1/n^{EXPONENT} says, and put in where it is missing. The second half of \
             {} look-ups counts.",
            options.amount(LOOKUPS)
        ),
        unit: "%",
        decimals: 2,
        columns: Peers::column_names(),
        compares: true,
        rows: rows.collect(),
    }
}

/// For each key, from the most popular on, how much of the popularity of all lies up to it.
fn cumulated_weights(keys: usize) -> Vec<f64> {
    let weights = (1..=keys).map(|rank| (rank as f64).powf(-EXPONENT));
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

/// The percentage of the look-ups' second half that finds its key.
fn hit_rate(
    program: &Program,
    peers: &Peers,
    policy: &str,
    cumulated: &[f64],
    lookups: usize,
) -> io::Result<f64> {
    let arguments = ["--maxmemory", MAXMEMORY, "--maxmemory-policy", policy];
    let server = program.start_with(&peers.scratch, 1, &[SERVER_CORE], &arguments)?;
    let mut connection = server.connect()?;
    let total = cumulated.last().copied().unwrap_or_default();
    let mut hits = 0;
    for lookup in 0..lookups {
        let point = data::fraction(lookup) * total;
        let rank = cumulated.partition_point(|upto| *upto <= point);
        let key = data::text_16(rank);
        if !connection.ask(&[b"GET", &key])?.is_empty() {
            hits += usize::from(lookup >= lookups / 2);
        } else {
            connection.call(&[b"SET", &key, &data::text_64(rank)])?;
        }
    }
    Ok(100.0 * hits as f64 / (lookups - lookups / 2) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popularity_falls_with_the_rank() {
        let cumulated = cumulated_weights(1000);
        let share = |keys: usize| cumulated[keys - 1] / cumulated[999];
        assert!((0.4..0.6).contains(&share(60)), "{}", share(60));
        assert!(cumulated.windows(2).all(|pair| pair[1] > pair[0]) && cumulated_weights(0).is_empty());
    }
}
