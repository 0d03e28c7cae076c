//! The document: how many tests pass, and every one that does not.

use std::fmt::Write;

use super::Column;

/// Why tests are known not to pass: the first line whose text a test's name contains has the reason.
pub struct Reasons<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Reasons<'a> {
    /// One on a line: a part of the test's name, a tab, the reason.
    pub fn parse(text: &'a str) -> Reasons<'a> {
        Reasons(text.lines().filter_map(|line| line.split_once('\t')).collect())
    }

    fn of(&self, test: &str) -> &str {
        self.0.iter().find(|(part, _)| test.contains(part)).map_or("", |(_, reason)| reason)
    }
}

fn passed(column: &Column) -> usize {
    column.units.iter().map(|(_, outcome)| outcome.passed.len()).sum()
}

fn failed(column: &Column) -> usize {
    column.units.iter().map(|(_, outcome)| outcome.failed.len()).sum()
}

/// A line for each column.
pub fn summary(columns: &[Column]) -> String {
    let mut text = String::new();
    for column in columns {
        let (passed, failed) = (passed(column), failed(column));
        let broken = column.units.iter().filter(|(_, outcome)| outcome.broke_off.is_some()).count();
        let rate = 100.0 * passed as f64 / (passed + failed).max(1) as f64;
        let _ = writeln!(
            text,
            "| {} | {} | {passed} | {failed} | {rate:.1} % | {broken} |",
            column.engine, column.profile.title
        );
    }
    text
}

/// The whole document.
pub fn document(columns: &[Column], reasons: &Reasons<'_>, version: &str) -> String {
    let mut text = format!(
        "# Compatibility\n\n\
         The test suite of Valkey {version}, run against Esker as an external server. Written by\n\
         `cargo xtask compatibility CHECKOUT`, which runs it; tests that the suite marks as slow are left out, as are\n\
         those that need replication or files of data.\n\n\
         | engine | tests | pass | fail | rate | units that broke off |\n|---|---|---|---|---|---|\n{}",
        summary(columns)
    );
    for column in columns {
        let _ = write!(text, "\n## {}, {}\n", column.engine, column.profile.title);
        for (unit, outcome) in &column.units {
            if outcome.failed.is_empty() && outcome.broke_off.is_none() {
                continue;
            }
            let _ = write!(text, "\n### {}\n\n{} pass.\n\n", unit.0, outcome.passed.len());
            if let Some(why) = &outcome.broke_off {
                let _ = writeln!(text, "It broke off: {}.\n", cell(why));
            }
            if !outcome.failed.is_empty() {
                text.push_str("| test | what the suite says | reason |\n|---|---|---|\n");
            }
            for failure in &outcome.failed {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} |",
                    cell(&failure.test),
                    cell(&failure.why),
                    reasons.of(&failure.test)
                );
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
