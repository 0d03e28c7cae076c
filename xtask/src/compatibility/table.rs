//! The document: how many tests pass, and every one that does not.

use std::fmt::Write;

use super::{Column, Unit};

/// Why tests are known not to pass, and which are not run because others could not be run behind them.
pub struct Reasons<'a> {
    /// A part of the names of tests, and the reason. The first one that fits counts.
    known: Vec<(&'a str, &'a str)>,
    skipped: Vec<Skipped<'a>>,
}

struct Skipped<'a> {
    engine: &'a str,
    test: &'a str,
    reason: &'a str,
}

impl<'a> Reasons<'a> {
    /// One on a line: in `known` a part of the test's name, or the name of a unit that breaks off, a tab, the reason; in
    /// `skipped` an engine, or `*`, the test's name, the reason, with tabs between them.
    pub fn parse(known: &'a str, skipped: &'a str) -> Reasons<'a> {
        let skipped = skipped.lines().filter_map(|line| {
            let (engine, rest) = line.split_once('\t')?;
            let (test, reason) = rest.split_once('\t')?;
            Some(Skipped { engine, test, reason })
        });
        Reasons {
            known: known.lines().filter_map(|line| line.split_once('\t')).collect(),
            skipped: skipped.collect(),
        }
    }

    /// The tests that are not run with this engine.
    pub fn skipped(&self, engine: &str) -> Vec<&'a str> {
        let of_engine = self.skipped.iter().filter(|skipped| [engine, "*"].contains(&skipped.engine));
        of_engine.map(|skipped| skipped.test).collect()
    }

    fn of_failed(&self, test: &str) -> &str {
        self.known.iter().find(|(part, _)| test.contains(part)).map_or("", |(_, reason)| reason)
    }

    /// As part of a sentence.
    fn of_broken(&self, unit: &Unit) -> String {
        let reason = self.known.iter().find(|(name, _)| *name == unit.0);
        reason.map(|(_, reason)| format!(", since {reason}")).unwrap_or_default()
    }

    fn of_skipped(&self, test: &str) -> &str {
        self.skipped.iter().find(|skipped| skipped.test == test).map_or("", |skipped| skipped.reason)
    }
}

fn passed(column: &Column) -> usize {
    column.units.iter().map(|(_, outcome)| outcome.passed.len()).sum()
}

fn failed(column: &Column) -> usize {
    column.units.iter().map(|(_, outcome)| outcome.failed.len()).sum()
}

fn skipped(column: &Column) -> usize {
    column.units.iter().map(|(_, outcome)| outcome.skipped.len()).sum()
}

/// A line for each column.
pub fn summary(columns: &[Column]) -> String {
    let mut text = String::new();
    for column in columns {
        let (passed, failed, skipped) = (passed(column), failed(column), skipped(column));
        let broken = column.units.iter().filter(|(_, outcome)| outcome.broke_off.is_some()).count();
        let rate = 100.0 * passed as f64 / (passed + failed + skipped).max(1) as f64;
        let _ = writeln!(
            text,
            "| {} | {} | {passed} | {failed} | {skipped} | {rate:.1} % | {broken} |",
            column.engine, column.profile.title
        );
    }
    text
}

/// The whole document.
pub fn document(columns: &[Column], reasons: &Reasons<'_>, version: &str) -> String {
    let has_own_servers = columns.iter().any(|column| column.profile.has_own_servers);
    let head = if has_own_servers {
        "# Compatibility where the suite starts servers\n\n\
         The units of the test suite of Valkey {version} that start their servers themselves, for persistence and\n\
         replication, with Esker for a server. Written by `cargo xtask compatibility CHECKOUT --profile servers`. Much\n\
         of what fails looks into the server that it was written for: its processes, its log, its allocator. The\n\
         other units are in [compatibility.md](compatibility.md)."
    } else {
        "# Compatibility\n\n\
         The test suite of Valkey {version}, run against Esker as an external server. Written by\n\
         `cargo xtask compatibility CHECKOUT`, which runs it. Tests that need a replica beside the server are left out, and\n\
         units that start servers of their own are run apart: see [compatibility-servers.md](compatibility-servers.md)."
    };
    let mut text = format!(
        "{}\n\nTests that the suite marks as slow are left out. A test that is not run, since those after it could not be,\n\
         counts as one that fails.\n\n\
         | engine | tests | pass | fail | not run | rate | units that broke off |\n|---|---|---|---|---|---|---|\n{}",
        head.replace("{version}", version),
        summary(columns)
    );
    for column in columns {
        let _ = write!(text, "\n## {}, {}\n", column.engine, column.profile.title);
        for (unit, outcome) in &column.units {
            if outcome.failed.is_empty() && outcome.skipped.is_empty() && outcome.broke_off.is_none() {
                continue;
            }
            let _ = write!(text, "\n### {}\n\n{} pass.\n\n", unit.0, outcome.passed.len());
            if let Some(why) = &outcome.broke_off {
                let reason = reasons.of_broken(unit);
                let _ = writeln!(text, "It broke off: {}{reason}.\n", cell(why));
            }
            if !outcome.failed.is_empty() || !outcome.skipped.is_empty() {
                text.push_str("| test | what the suite says | reason |\n|---|---|---|\n");
            }
            for failure in &outcome.failed {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} |",
                    cell(&failure.test),
                    cell(&failure.why),
                    reasons.of_failed(&failure.test)
                );
            }
            for test in &outcome.skipped {
                let _ = writeln!(text, "| {} | not run | {} |", cell(test), reasons.of_skipped(test));
            }
        }
    }
    text
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    const LONGEST: usize = 160;
    let short: String = text.chars().take(LONGEST).collect();
    short.replace('|', "\\|").replace(['\n', '\r'], " ")
}
