//! Runs Valkey's own test suite against Esker as an external server, and writes which tests do not pass.
//!
//! Every unit of the suite gets a server of its own, so that one that breaks off takes no other with it. The suite is
//! not part of this repository: the path of a checkout is the tool's argument. Needs `tclsh`.

mod run;
mod table;

use std::io;
use std::path::{Path, PathBuf};

use run::{Outcome, Unit};

const HELP: &str = "\
Runs Valkey's test suite against Esker, with both engines. Prints every test that fails; a full run also writes
docs/compatibility.md, where the reasons from xtask/src/compatibility/reasons.txt stand beside the tests.

Usage: cargo xtask compatibility CHECKOUT [OPTION...]

  CHECKOUT              a checkout of Valkey, of which only runtest and tests/ are used
  --engine memory|disk  with this engine only
  --profile NAME        with these tags only: plain, debug
  --unit NAME           this unit only, such as unit/type/hash; may be given again
";

/// Which tests are asked for: what the suite's `--tags` gets, and what the document calls it.
pub struct Profile {
    name: &'static str,
    tags: &'static str,
    title: &'static str,
}

/// Tests that need replicas of their own are not asked for.
const PROFILES: [Profile; 2] = [
    Profile { name: "plain", tags: "-slow -needs:debug -needs:repl", title: "without DEBUG" },
    Profile { name: "debug", tags: "-slow -needs:repl", title: "with DEBUG" },
];

const ENGINES: [&str; 2] = ["memory", "disk"];

/// What one engine did in one profile.
pub struct Column {
    engine: &'static str,
    profile: &'static Profile,
    units: Vec<(Unit, Outcome)>,
}

struct Options {
    checkout: PathBuf,
    engines: Vec<&'static str>,
    profiles: Vec<&'static Profile>,
    units: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Options>> {
        let mut options = Options {
            checkout: PathBuf::new(),
            engines: ENGINES.to_vec(),
            profiles: PROFILES.iter().collect(),
            units: Vec::new(),
        };
        let wrong = |text: String| io::Error::other(format!("{text}\n\n{HELP}"));
        while let Some(argument) = arguments.next() {
            if argument == "--help" {
                return Ok(None);
            }
            if !argument.starts_with("--") {
                options.checkout = PathBuf::from(argument);
                continue;
            }
            let value = arguments.next().ok_or_else(|| wrong(format!("{argument} needs a value")))?;
            match &*argument {
                "--engine" => options.engines.retain(|engine| *engine == value),
                "--profile" => options.profiles.retain(|profile| profile.name == value),
                "--unit" => options.units.push(value),
                _ => return Err(wrong(format!("no option named {argument}"))),
            }
        }
        if options.engines.is_empty() || options.profiles.is_empty() {
            return Err(wrong("no such engine or profile".to_owned()));
        }
        if !options.checkout.join("runtest").exists() {
            return Err(wrong(format!("there is no runtest in '{}'", options.checkout.display())));
        }
        Ok(Some(options))
    }

    fn is_full(&self) -> bool {
        self.units.is_empty() && self.engines.len() == ENGINES.len() && self.profiles.len() == PROFILES.len()
    }
}

/// The tool.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{HELP}");
        return Ok(());
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = run::build(&root)?;
    let mut units = run::units(&options.checkout)?;
    units.retain(|unit| options.units.is_empty() || options.units.contains(&unit.0));
    let mut columns = Vec::new();
    for engine in &options.engines {
        for profile in &options.profiles {
            let mut column = Column { engine, profile, units: Vec::new() };
            for unit in &units {
                let outcome = run::unit(&program, &options.checkout, engine, profile.tags, unit)?;
                println!(
                    "{engine}, {}: {}: {} passed, {} failed{}",
                    profile.title,
                    unit.0,
                    outcome.passed.len(),
                    outcome.failed.len(),
                    outcome.broke_off.as_deref().map(|why| format!(", broke off: {why}")).unwrap_or_default()
                );
                for failure in &outcome.failed {
                    println!("    {}: {}", failure.test, failure.why);
                }
                column.units.push((unit.clone(), outcome));
            }
            columns.push(column);
        }
    }
    print!("{}", table::summary(&columns));
    if options.is_full() {
        let reasons = table::Reasons::parse(include_str!("reasons.txt"));
        let version = run::version(&options.checkout);
        std::fs::write(root.join("docs/compatibility.md"), table::document(&columns, &reasons, &version))?;
    }
    Ok(())
}
