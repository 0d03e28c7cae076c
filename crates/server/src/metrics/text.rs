//! The text format of OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>): families of samples
//! with labels, and an end. A few lines of our own, since the counters exist elsewhere and a library would want them
//! registered a second time.

use std::fmt::{Display, Write};

/// What a family's samples are.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A page that is being written.
#[derive(Default)]
pub(super) struct Page(String);

/// A sample's labels: names and values.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    /// Begins a family; the samples that follow are its own. The last word of a name is its unit, where it has one.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.write(format_args!("# TYPE {name} {kind}\n"));
        for unit in ["bytes", "seconds"].into_iter().filter(|unit| name.rsplit('_').next() == Some(unit)) {
            self.write(format_args!("# UNIT {name} {unit}\n"));
        }
        self.write(format_args!("# HELP {name} {help}\n"));
    }

    /// Adds a sample.
    pub fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            self.write(format_args!("{}{label}=\"", if place == 0 { "{" } else { "," }));
            for character in value.chars() {
                match character {
                    '"' => self.0.push_str("\\\""),
                    '\\' => self.0.push_str("\\\\"),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        self.write(format_args!("{} {value}\n", if labels.is_empty() { "" } else { "}" }));
    }

    /// A family of one sample.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, &[], value);
    }

    /// A family of one sample, called `name` and `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Counter, help);
        self.sample(&format!("{name}_total"), &[], value);
    }

    /// The page.
    pub fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("writing to memory does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_follow_their_family_and_labels_are_quoted() {
        let mut page = Page::default();
        page.counter("esker_sent_bytes", "Sent.", 7);
        page.family("esker_x", Kind::Gauge, "Any.");
        page.sample("esker_x", &[("a", "1"), ("b", "\"\\\n")], 0.5);
        assert_eq!(
            page.end(),
            "# TYPE esker_sent_bytes counter\n# UNIT esker_sent_bytes bytes\n# HELP esker_sent_bytes Sent.\n\
             esker_sent_bytes_total 7\n# TYPE esker_x gauge\n# HELP esker_x Any.\n\
             esker_x{a=\"1\",b=\"\\\"\\\\\\n\"} 0.5\n# EOF\n"
        );
    }
}
