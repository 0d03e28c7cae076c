//! `latency-tracking-info-percentiles`: which percentiles INFO latencystats shows.

use super::{Kind, Prior, Problem, RewriteLine, is_emptied};
use crate::directive::{Arguments, Syntax};

/// Percentiles from 0 to 100, in the order they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles(pub Vec<f64>);

/// A list of percentiles that replaces the one before; the empty list shows none.
pub(crate) struct PercentileList;

impl Kind for PercentileList {
    type Value = Percentiles;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<percentile 0..100> … | \"\"")
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, Percentiles>) -> Result<Percentiles, Problem> {
        if is_emptied(arguments) {
            return Ok(Percentiles(Vec::new()));
        }
        arguments.iter().map(|word| percentile(word)).collect::<Result<_, _>>().map(Percentiles)
    }

    fn render(&self, value: &Percentiles) -> Vec<u8> {
        super::join(value.0.iter().map(|percentile| format_percentile(*percentile)))
    }

    /// Always written, as Redis does.
    fn rewrite(&self, name: &str, value: &Percentiles, _: &Percentiles) -> Vec<RewriteLine> {
        let text = if value.0.is_empty() { b"\"\"".to_vec() } else { self.render(value) };
        vec![RewriteLine::new(name, text, true)]
    }
}

fn percentile(word: &[u8]) -> Result<f64, Problem> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
    let percentile = number
        .filter(|number| !number.is_nan())
        .ok_or("Invalid latency-tracking-info-percentiles parameters")?;
    if !(0.0..=100.0).contains(&percentile) {
        return Err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into());
    }
    Ok(percentile)
}

/// Six decimals without the zeros at their end. INFO names its fields by this.
fn format_percentile(percentile: f64) -> String {
    format!("{percentile:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn percentiles() {
        let none = Percentiles(vec![]);
        let parse = |line| parse_new(&PercentileList, &none, line);
        let usual = parse("50 99 99.9 100.0").unwrap();
        assert_eq!(usual.0, [50.0, 99.0, 99.9, 100.0]);
        assert_eq!(PercentileList.render(&usual), b"50 99 99.9 100");
        assert_eq!(PercentileList.render(&parse("0 1e1").unwrap()), b"0 10");
        assert_eq!(parse("''"), Ok(none.clone()));
        for line in ["x", "50 x", "nan"] {
            assert_eq!(parse(line).unwrap_err(), "Invalid latency-tracking-info-percentiles parameters");
        }
        for line in ["100.1", "-1", "inf"] {
            let expected = "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
            assert_eq!(parse(line).unwrap_err(), expected);
        }
        assert_eq!(PercentileList.rewrite("p", &none, &none), [RewriteLine::new("p", "\"\"", true)]);
    }
}
