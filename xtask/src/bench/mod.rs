//! `cargo xtask bench`: what Esker costs beside Redis and Valkey, on this machine, in one run.
//!
//! Three questions, each a module: [`speed`] asks for the server's CPU time per command, [`memory`]
//! for the growth of resident memory by item, [`stall`] for the slowest command while a large
//! keyspace is built. Every row carries the limit that Esker promises. [`report`] and [`chart`]
//! write what was found.
//!
//! The servers run one at a time, pinned to [`SERVER_CORE`]; every client, this program included, is
//! pinned to [`CLIENT_CORE`]. Nothing that is started here outlives this program.

mod chart;
mod client;
mod data;
mod memory;
mod options;
mod process;
mod report;
mod rounds;
mod servers;
mod speed;
mod stall;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use options::Options;
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
    let Some(options) = Options::parse(arguments)? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    let root = workspace_root();
    let subject = match &options.subject {
        Some(path) => path.clone(),
        None => build_esker(&root)?,
    };
    let scratch = root.join("target").join("bench");
    std::fs::create_dir_all(&scratch)?;
    let peers = Peers::find(subject, scratch)?;
    for file in peers.columns().iter().filter_map(|program| program.as_ref().err()) {
        eprintln!("{}: its column stays empty", servers::not_found(file));
    }
    let circumstances = report::circumstances(&peers)?;
    process::pin_self(&[CLIENT_CORE])?;

    let sections = [
        speed::measure(&peers, &options),
        speed::measure_two_workers(&peers, &options),
        memory::measure(&peers, &options),
        stall::measure(&peers, &options),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|section| !section.rows.is_empty()).collect();
    let reasons = report::read_reasons(&root.join("bench").join("reasons.txt"))?;
    let text = report::markdown(&circumstances, &sections, &reasons);
    println!("{text}");
    if let Some(folder) = options.output_folder(&root) {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("RESULTS.md"), &text)?;
        std::fs::write(folder.join("chart.svg"), chart::svg(&sections))?;
        eprintln!("wrote RESULTS.md and chart.svg in {}", folder.display());
    }
    Ok(())
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
