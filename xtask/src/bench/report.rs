//! What a run found, as Markdown: every row with its figures, its limit and whether it is met.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::process::Command;

use super::rounds::Outcome;
use super::servers::Program;

/// One question and its rows.
pub struct Section {
    /// As `--only` names it.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What the figures are and how they were taken.
    pub method: String,
    /// The figures' unit.
    pub unit: &'static str,
    /// Decimals with which they are shown.
    pub decimals: usize,
    /// What each figure of a row is of. A ratio is the first's figure by the second's.
    pub columns: Vec<&'static str>,
    /// Whether the ratio means anything.
    pub compares: bool,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One measured line.
pub struct Row {
    /// Unique in its section.
    pub name: String,
    /// By column.
    pub figures: Vec<Outcome<f64>>,
    /// What is promised, if anything.
    pub limit: Option<Limit>,
}

/// What a row promises.
#[derive(Clone, Copy)]
pub enum Limit {
    /// The first figure by the second, at most.
    RatioMax(f64),
    /// The first figure by the second, at least.
    RatioMin(f64),
    /// The first figure, at most.
    FigureMax(f64),
}

/// What became of a promise.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Met,
    NotMet,
    /// With the reason.
    NotMeasured(String),
}

impl Row {
    /// The first figure by the second; the reason where one of them is missing.
    pub fn ratio(&self) -> Outcome<f64> {
        let [first, second, ..] = self.figures.as_slice() else {
            return Err("there is nothing to compare with".to_owned());
        };
        Ok(first.clone()? / second.clone()?)
    }

    /// Whether the limit is met; `None` without a limit.
    pub fn verdict(&self) -> Option<Verdict> {
        let is_met = match self.limit? {
            Limit::RatioMax(most) => self.ratio().map(|ratio| ratio <= most),
            Limit::RatioMin(least) => self.ratio().map(|ratio| ratio >= least),
            Limit::FigureMax(most) => self.figures[0].clone().map(|figure| figure <= most),
        };
        Some(match is_met {
            Err(reason) => Verdict::NotMeasured(reason),
            Ok(true) => Verdict::Met,
            Ok(false) => Verdict::NotMet,
        })
    }
}

/// Reasons for rows over their limits, by `section: row`.
pub type Reasons = HashMap<String, String>;

/// Reads `section: row = reason` lines; a missing file holds none.
pub fn read_reasons(path: &Path) -> io::Result<Reasons> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(parse_reasons(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Reasons::new()),
        Err(error) => Err(error),
    }
}

fn parse_reasons(text: &str) -> Reasons {
    let pairs = text.lines().filter_map(|line| line.split_once(" = "));
    pairs.map(|(row, reason)| (row.trim().to_owned(), reason.trim().to_owned())).collect()
}

/// What stands above the sections.
pub struct Head {
    /// The heading.
    pub title: &'static str,
    /// What [`circumstances`] said, and more such lines.
    pub circumstances: String,
    /// The command that repeats the run, and one that repeats some rows.
    pub commands: [String; 2],
    /// Whether there is a chart beside the report.
    pub has_chart: bool,
}

/// The whole report.
pub fn markdown(head: &Head, sections: &[Section], reasons: &Reasons) -> String {
    let mut out = format!("# {}\n\n{}\n", head.title, head.circumstances);
    let [all, some] = &head.commands;
    push_line(&mut out, &format!("To repeat: `{all}`; some rows: `{some}`.\n"));
    if head.has_chart {
        push_line(&mut out, "![Esker beside Redis](chart.svg)\n");
    }
    push_summary(&mut out, sections);
    for section in sections {
        push_section(&mut out, section, reasons);
    }
    out
}

/// The day, the machine, what else it is doing, and the servers' versions, as a list. To be taken before
/// measuring, which is load in itself.
pub fn circumstances(programs: &[Result<Program, &'static str>]) -> io::Result<String> {
    let mut out = String::new();
    let date = first_line_of(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let processors = std::fs::read_to_string("/proc/cpuinfo")?;
    let cores = processors.lines().filter(|line| line.starts_with("processor")).count();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    push_line(&mut out, &format!("- {date}, {cores} cores of {model}, Linux {}", kernel.trim()));
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    push_line(&mut out, &format!("- load average before the first measurement: {load}"));
    for program in programs {
        match program {
            Ok(program) => push_line(&mut out, &format!("- {}: {}", program.name, program.version)),
            Err(file) => push_line(&mut out, &format!("- {file} was not on PATH, so its column is empty")),
        }
    }
    Ok(out)
}

fn push_summary(out: &mut String, sections: &[Section]) {
    let verdicts: Vec<_> =
        sections.iter().flat_map(|section| &section.rows).filter_map(Row::verdict).collect();
    let met = verdicts.iter().filter(|verdict| **verdict == Verdict::Met).count();
    push_line(out, &format!("{met} of {} limits are met.\n", verdicts.len()));
}

fn push_section(out: &mut String, section: &Section, reasons: &Reasons) {
    push_line(out, &format!("## {}\n\n{}\n", section.title, section.method));
    let columns = section.columns.join(" | ");
    let ratio_name = match section.columns.as_slice() {
        [first, second, ..] if section.compares => format!(" {first} / {second} |"),
        _ => String::new(),
    };
    push_line(out, &format!("| | {columns} |{ratio_name} at most | |"));
    let numbers = section.columns.len() + usize::from(section.compares) + 1;
    push_line(out, &format!("|---|{}---|", "---:|".repeat(numbers)));
    for row in &section.rows {
        let figures = row.figures.iter().map(|figure| show(figure, section.decimals));
        let limit = match row.limit {
            Some(Limit::RatioMax(most)) => format!("{most:.2}"),
            Some(Limit::RatioMin(least)) => format!("at least {least:.2}"),
            Some(Limit::FigureMax(most)) => format!("{most} {}", section.unit),
            None => String::new(),
        };
        let verdict = match row.verdict() {
            None => match &row.figures[0] {
                Ok(_) => String::new(),
                Err(reason) => format!("not measured: {}", reason.replace('|', "\\|")),
            },
            Some(Verdict::Met) => "met".to_owned(),
            Some(Verdict::NotMeasured(reason)) => format!("not measured: {}", reason.replace('|', "\\|")),
            Some(Verdict::NotMet) => match reasons.get(&format!("{}: {}", section.name, row.name)) {
                Some(reason) => format!("**not met**: {reason}"),
                None => "**not met**".to_owned(),
            },
        };
        let figures = figures.collect::<Vec<_>>().join(" | ");
        let ratio = if section.compares { format!(" {} |", show(&row.ratio(), 2)) } else { String::new() };
        push_line(out, &format!("| {} | {figures} |{ratio} {limit} | {verdict} |", row.name));
    }
    out.push('\n');
}

fn show(figure: &Outcome<f64>, decimals: usize) -> String {
    figure.as_ref().map_or_else(|_| "–".to_owned(), |figure| format!("{figure:.decimals$}"))
}

fn push_line(out: &mut String, line: &str) {
    writeln!(out, "{line}").expect("writing to memory does not fail");
}

fn first_line_of(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(first: Outcome<f64>, second: Outcome<f64>, limit: Limit) -> Row {
        Row { name: "GET".to_owned(), figures: vec![first, second], limit: Some(limit) }
    }

    fn missing() -> Outcome<f64> {
        Err("it was away".to_owned())
    }

    #[test]
    fn a_limit_is_met_up_to_itself() {
        let verdict = |first, second, limit| row(Ok(first), Ok(second), limit).verdict();
        assert_eq!(verdict(3.0, 4.0, Limit::RatioMax(0.75)), Some(Verdict::Met));
        assert_eq!(verdict(3.1, 4.0, Limit::RatioMax(0.75)), Some(Verdict::NotMet));
        assert_eq!(verdict(40.0, 4.0, Limit::RatioMin(10.0)), Some(Verdict::Met));
        assert_eq!(verdict(39.9, 4.0, Limit::RatioMin(10.0)), Some(Verdict::NotMet));
        assert_eq!(verdict(45.0, 1.0, Limit::FigureMax(45.0)), Some(Verdict::Met));
        assert_eq!(verdict(45.1, 100.0, Limit::FigureMax(45.0)), Some(Verdict::NotMet));
    }

    #[test]
    fn what_needs_a_missing_figure_is_not_measured() {
        let not_measured = Some(Verdict::NotMeasured("it was away".to_owned()));
        assert_eq!(row(Ok(1.0), missing(), Limit::RatioMax(0.75)).verdict(), not_measured);
        assert_eq!(row(missing(), Ok(1.0), Limit::FigureMax(0.75)).verdict(), not_measured);
        assert_eq!(row(Ok(0.5), missing(), Limit::FigureMax(0.75)).verdict(), Some(Verdict::Met));
    }

    #[test]
    fn a_row_over_its_limit_shows_its_reason() {
        let section = Section {
            name: "speed",
            title: "Speed",
            method: String::new(),
            unit: "µs",
            decimals: 1,
            columns: vec!["Esker", "Redis"],
            compares: true,
            rows: vec![
                row(Ok(3.0), Ok(4.0), Limit::RatioMax(0.5)),
                row(Ok(1.0), missing(), Limit::FigureMax(2.0)),
            ],
        };
        let mut out = String::new();
        push_section(&mut out, &section, &parse_reasons("speed: GET = the kernel's part\n"));
        let rows: Vec<_> = out.lines().filter(|line| line.starts_with("| GET")).collect();
        assert_eq!(
            rows,
            [
                "| GET | 3.0 | 4.0 | 0.75 | 0.50 | **not met**: the kernel's part |",
                "| GET | 1.0 | – | – | 2 µs | met |"
            ]
        );
    }

    #[test]
    fn what_compares_nothing_shows_no_ratio() {
        let section = Section {
            name: "open",
            title: "Opening",
            method: String::new(),
            unit: "s",
            decimals: 1,
            columns: vec!["seconds"],
            compares: false,
            rows: vec![Row { name: "a stop".to_owned(), figures: vec![Ok(1.5)], limit: None }],
        };
        let mut out = String::new();
        push_section(&mut out, &section, &Reasons::new());
        let table: Vec<_> = out.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table, ["| | seconds | at most | |", "|---|---:|---:|---|", "| a stop | 1.5 |  |  |"]);
    }
}
