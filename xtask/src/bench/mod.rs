//! `cargo xtask bench`: what Esker costs beside Redis and Valkey, on this machine, in one run.
//!
//! Six questions, each a module: [`speed`] asks for the server's CPU time per command, [`memory`]
//! for the growth of resident memory by item, [`stall`] for the slowest command while a large
//! keyspace is built, [`cache`] for the hit rate where not all fits, [`always`] for writes that are on disk before they are
//! acknowledged, [`save`] for what saving and loading cost. Every row carries the limit that Esker promises. [`report`] and
//! [`chart`] write what was found. [`disk`] asks other questions, of the engine on disk, in a run of its own.
//!
//! The servers run one at a time, pinned to [`SERVER_CORE`]; every client, this program included, is
//! pinned to [`CLIENT_CORE`]. Nothing that is started here outlives this program.

mod always;
mod cache;
mod chart;
mod client;
mod data;
mod disk;
mod encryption;
mod load;
mod memory;
mod options;
mod process;
mod report;
mod rounds;
mod save;
mod servers;
mod speed;
mod stall;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use options::Options;
use report::Head;
use servers::Peers;

/// The core that a server under measurement has for itself.
const SERVER_CORE: usize = 0;
/// The core of everything that talks to it.
const CLIENT_CORE: usize = 1;

/// Runs what `arguments` ask for: prints the report and, when it is complete, writes it.
///
/// Errors when an argument is wrong, Esker does not build, or redis-benchmark is missing. A
/// measurement that fails is a row that says so.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|first| first == "disk").is_some() {
        return disk::run(arguments);
    }
    if arguments.next_if(|first| first == "save").is_some() {
        return save::run(arguments);
    }
    let Some(options) = Options::parse(arguments)? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    let root = workspace_root();
    let subject = subject(options.subject.clone(), &root)?;
    let scratch = root.join("target").join("bench");
    std::fs::create_dir_all(&scratch)?;
    let peers = Peers::find(subject, scratch)?;
    for file in peers.columns().iter().filter_map(|program| program.as_ref().err()) {
        eprintln!("{}: its column stays empty", servers::not_found(file));
    }
    let circumstances = report::circumstances(peers.columns())?;
    process::pin_self(&[CLIENT_CORE])?;

    let mut sections = vec![
        speed::measure(&peers, &options),
        speed::measure_two_workers(&peers, &options),
        memory::measure(&peers, &options),
        stall::measure(&peers, &options),
        cache::measure(&peers, &options),
        always::measure(&peers, &options),
    ];
    sections.extend(save::measure(&peers, &options));
    sections.retain(|section| !section.rows.is_empty());
    let reasons = report::read_reasons(&root.join("bench").join("reasons.txt"))?;
    let head = Head {
        title: "Measured beside its peers",
        circumstances,
        commands: ["cargo xtask bench", "cargo xtask bench --only 'speed: GET, -P 16'"].map(str::to_owned),
        has_chart: true,
    };
    let text = report::markdown(&head, &sections, &reasons);
    println!("{text}");
    if let Some(folder) = options.output_folder(&root) {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("RESULTS.md"), &text)?;
        std::fs::write(folder.join("chart.svg"), chart::svg(&sections))?;
        eprintln!("wrote RESULTS.md and chart.svg in {}", folder.display());
    }
    Ok(())
}

/// The server to be measured: the one `given`, or Esker as it is built from here.
fn subject(given: Option<PathBuf>, root: &Path) -> io::Result<PathBuf> {
    given.map_or_else(|| build_esker(root), Ok)
}

/// Builds Esker as its users do and returns the binary's path.
fn build_esker(root: &Path) -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", "esker"])
        .current_dir(root)
        .status()?
        .success();
    if !built {
        return Err(io::Error::other("esker does not build"));
    }
    // This program lies in a profile's folder of the same target folder.
    let here = std::env::current_exe()?;
    let target =
        here.ancestors().nth(2).ok_or_else(|| io::Error::other("no target folder above this program"))?;
    Ok(target.join("release").join("esker"))
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}
