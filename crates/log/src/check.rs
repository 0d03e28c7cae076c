//! Finding out how much of an append-only file is good, and cutting off what is not.

use std::fs::OpenOptions;
use std::io::{self, BufRead};
use std::path::Path;

use resp::ArgumentsBuffer;

use crate::records::{Damage, Record, Records};

/// How much of a file is good.
#[derive(Debug)]
pub struct Findings {
    /// Requests that were read, those that enclose units among them.
    pub commands: u64,
    /// The offset behind the last one that belongs to no unit or to one that is whole.
    pub good_until: u64,
    /// Lines up to there, or up to what is wrong.
    pub lines: u64,
    /// What is wrong behind that, if anything is.
    pub damage: Option<Damage>,
    /// Where the first command lies that was done after the moment that was asked for.
    pub later_from: Option<u64>,
}

/// Reads the requests from `reader`, which stands at `offset` of its file, up to the end or to what is wrong, or to the first
/// that was done later than `until_s`, in Unix seconds, as far as the file says when.
pub fn look(reader: impl BufRead, offset: u64, until_s: Option<u64>) -> Findings {
    let mut records = Records::new(reader, offset);
    let mut findings = Findings { commands: 0, good_until: offset, lines: 0, damage: None, later_from: None };
    findings = read(&mut records, findings, until_s);
    Findings { lines: records.lines(), ..findings }
}

fn read(records: &mut Records<impl BufRead>, mut findings: Findings, until_s: Option<u64>) -> Findings {
    let mut words = ArgumentsBuffer::default();
    let mut unit_from = None;
    loop {
        let begin = records.offset();
        match records.next(&mut words) {
            Ok(Some(Record::Command)) => {
                findings.commands += 1;
                let name = words.as_arguments().get(0).unwrap_or_default();
                if name.eq_ignore_ascii_case(b"multi") {
                    if unit_from.is_some() {
                        return at_fault(findings, begin, "MULTI within MULTI");
                    }
                    unit_from = Some(begin);
                } else if name.eq_ignore_ascii_case(b"exec") && unit_from.take().is_none() {
                    return at_fault(findings, begin, "EXEC without MULTI");
                }
            }
            Ok(Some(Record::Timestamp(at_s))) if until_s.is_some_and(|until_s| at_s > until_s) => {
                findings.later_from = Some(unit_from.unwrap_or(begin));
                return findings;
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                findings.damage = unit_from.map(|offset| Damage {
                    offset,
                    is_cut: true,
                    why: "a MULTI has no EXEC".to_owned(),
                });
                return findings;
            }
            Err(damage) => {
                findings.damage = Some(damage);
                return findings;
            }
        }
        if unit_from.is_none() {
            findings.good_until = records.offset();
        }
    }
}

fn at_fault(findings: Findings, offset: u64, why: &str) -> Findings {
    Findings { damage: Some(Damage { offset, is_cut: false, why: why.to_owned() }), ..findings }
}

/// Cuts a file off.
///
/// # Errors
/// When the file system fails.
pub fn truncate(path: &Path, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n";
    const PLAIN: &str = "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";

    #[test]
    fn a_unit_is_good_as_a_whole_or_not_at_all() {
        let text = format!("{PLAIN}{UNIT}{PLAIN}");
        let (first, second) = (PLAIN.len(), PLAIN.len() + UNIT.len());
        for cut in 0..=text.len() {
            let findings = look(&text.as_bytes()[..cut], 0, None);
            let good = match cut {
                cut if cut < first => 0,
                cut if cut < second => first,
                cut if cut < text.len() => second,
                cut => cut,
            };
            assert_eq!(findings.good_until, good as u64, "{cut}");
            assert_eq!(findings.damage.is_none(), [0, first, second, text.len()].contains(&cut), "{cut}");
        }
    }

    #[test]
    fn lines_are_counted_up_to_what_is_wrong() {
        let whole = "*3\r\n$3\r\nset\r\n$3\r\nfoo\r\n$5\r\nhello\r\n";
        assert_eq!(look(whole.as_bytes(), 0, None).lines, 7);
        assert_eq!(look(format!("{whole}!!!").as_bytes(), 0, None).lines, 8);
        // A reader that has little at once counts the same.
        let reader = std::io::BufReader::with_capacity(4, whole.as_bytes());
        assert_eq!(look(reader, 0, None).lines, 7);
    }

    #[test]
    fn units_do_not_nest() {
        for text in ["*1\r\n$4\r\nEXEC\r\n".to_owned(), format!("{}{UNIT}", &UNIT[..15])] {
            let findings = look(text.as_bytes(), 0, None);
            assert!(findings.damage.is_some_and(|damage| !damage.is_cut), "{text}");
        }
    }

    #[test]
    fn what_was_done_later_is_found() {
        let text = format!("#TS:5\r\n{PLAIN}#TS:8\r\n{UNIT}");
        let later_from = |until_s| look(text.as_bytes(), 0, Some(until_s)).later_from;
        assert_eq!(later_from(4), Some(0));
        assert_eq!(later_from(5), Some(7 + PLAIN.len() as u64));
        assert_eq!(later_from(8), None);
    }
}
