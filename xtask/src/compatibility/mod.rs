//! Runs Valkey's own test suite against Esker as an external server, and writes which tests do not pass.
//!
//! Every unit of the suite gets a server of its own, so that one that breaks off takes no other with it. Those of the suite
//! that start servers themselves are given Esker for one. The suite is not part of this repository: the path of a checkout
//! is the tool's argument. Needs `tclsh`, and for the latter units `redis-cli` and `redis-benchmark`.

mod run;
mod table;

use std::io;
use std::path::{Path, PathBuf};

use run::{Outcome, Suite, Unit};
use table::Reasons;

const HELP: &str = "\
Runs Valkey's test suite against Esker: the units that are run against a server, with both engines; or, when asked for,
those that start servers themselves. Prints every test that fails; a run of all units also writes docs/compatibility.md, or
docs/compatibility-servers.md, where the reasons from xtask/src/compatibility/reasons.txt stand beside the tests. Each
takes up to half an hour.

Usage: cargo xtask compatibility CHECKOUT [OPTION...]

  CHECKOUT              a checkout of Valkey, of which only runtest and tests/ are used
  --engine memory|disk  with this engine only
  --profile NAME        with these tests only: plain, debug; or else servers
  --unit NAME           this unit only, such as unit/type/hash; may be given again
  --program PATH        this build of Esker, instead of building a release
  --output PATH         where to write the document, also of a run that is not full
";

/// Which tests are asked for: what the suite's `--tags` gets, and what the document calls it.
pub struct Profile {
    name: &'static str,
    tags: &'static str,
    title: &'static str,
    /// Whether its units start their servers themselves. The databases of those are in memory.
    has_own_servers: bool,
}

/// What is run unless asked for otherwise, and what is only run when asked for. The units that run against one server are not
/// asked for tests that need replicas.
const PROFILES: [Profile; 3] = [
    Profile {
        name: "plain",
        tags: "-slow -needs:debug -needs:repl",
        title: "without DEBUG",
        has_own_servers: false,
    },
    Profile { name: "debug", tags: "-slow -needs:repl", title: "with DEBUG", has_own_servers: false },
    Profile { name: "servers", tags: "-slow", title: "with servers of their own", has_own_servers: true },
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
    program: Option<PathBuf>,
    output: Option<PathBuf>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Options>> {
        let mut options = Options {
            checkout: PathBuf::new(),
            engines: ENGINES.to_vec(),
            profiles: PROFILES.iter().filter(|profile| !profile.has_own_servers).collect(),
            units: Vec::new(),
            program: None,
            output: None,
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
                "--profile" => {
                    options.profiles = PROFILES.iter().filter(|profile| profile.name == value).collect()
                }
                "--unit" => options.units.push(value),
                "--output" => options.output = Some(PathBuf::from(value)),
                "--program" => options.program = Some(PathBuf::from(value).canonicalize()?),
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

    /// Which document has all that is run, if one does.
    fn document(&self) -> Option<&'static str> {
        if !self.units.is_empty() || self.engines.len() < ENGINES.len() {
            return None;
        }
        match self.profiles.as_slice() {
            [profile] if profile.has_own_servers => Some("docs/compatibility-servers.md"),
            [_, _] => Some("docs/compatibility.md"),
            _ => None,
        }
    }
}

/// The tool.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{HELP}");
        return Ok(());
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let reasons = Reasons::parse(include_str!("reasons.txt"), include_str!("skipped.txt"));
    let program = match &options.program {
        Some(program) => program.clone(),
        None => run::build(&root)?,
    };
    let suite = Suite::new(&program, &options.checkout)?;
    let mut columns = Vec::new();
    for engine in &options.engines {
        for profile in &options.profiles {
            if profile.has_own_servers && *engine != ENGINES[0] {
                continue;
            }
            let mut units = run::units(&options.checkout, profile.has_own_servers)?;
            units.retain(|unit| options.units.is_empty() || options.units.contains(&unit.0));
            let skipped = reasons.skipped(engine);
            let tell = |unit: &Unit, outcome: &Outcome| tell(engine, profile, unit, outcome);
            let outcomes = if profile.has_own_servers {
                suite.run_with_own_servers(profile.tags, &skipped, &units, &tell)?
            } else {
                let run = |unit| {
                    let outcome = suite.run_against_server(engine, profile.tags, &skipped, unit)?;
                    tell(unit, &outcome);
                    io::Result::Ok(outcome)
                };
                units.iter().map(run).collect::<io::Result<_>>()?
            };
            columns.push(Column { engine, profile, units: units.into_iter().zip(outcomes).collect() });
        }
    }
    print!("{}", table::summary(&columns));
    let output = options.output.clone();
    let output = output.or_else(|| options.document().map(|name| root.join(name)));
    if let Some(output) = output {
        let version = run::version(&options.checkout);
        std::fs::write(output, table::document(&columns, &reasons, &version))?;
    }
    Ok(())
}

/// Prints what came of a unit.
fn tell(engine: &str, profile: &Profile, unit: &Unit, outcome: &Outcome) {
    println!(
        "{}, {}: {}: {} passed, {} failed{}",
        engine,
        profile.title,
        unit.0,
        outcome.passed.len(),
        outcome.failed.len(),
        outcome.broke_off.as_deref().map(|why| format!(", broke off: {why}")).unwrap_or_default()
    );
    for failure in &outcome.failed {
        println!("    {}: {}", failure.test, failure.why);
    }
}
