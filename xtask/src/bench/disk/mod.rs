//! `cargo xtask bench disk`: what the engine on disk costs, beside the engine in memory and beside the LSM library
//! that it stands on.
//!
//! Each question is a module. [`speed`] asks what a command costs beyond the same one in memory, [`collections`]
//! whether the size of a collection matters, [`sync`] what waiting for the disk costs, [`delete`] what removing a
//! large collection takes, [`large`] how much memory and room a database larger than its cache takes, [`open`] how
//! long a server takes to begin, [`rank`] what counting elements costs, [`workers`] what a second worker brings.
//!
//! CPU time is that of the whole process, so it holds what threads in the background do for the command: each
//! measurement begins and ends when they are at rest ([`quiet`]).

mod collections;
mod delete;
mod large;
mod library;
mod open;
mod options;
mod quiet;
mod rank;
mod site;
mod speed;
mod sync;
mod workers;

use std::io;

use super::report::{self, Head, Section};
use super::rounds::Outcome;
use super::servers::Program;
use super::{CLIENT_CORE, process, subject, workspace_root};
use options::Options;
use site::Site;

/// Runs what `arguments` ask for: prints the report and, when it is complete, writes it.
///
/// Errors when an argument is wrong, Esker does not build, or redis-benchmark is missing. A measurement that fails
/// is a row that says so.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    let root = workspace_root();
    let esker = Program::esker(subject(options.subject.clone(), &root)?)?;
    let output_folder = options.output_folder(&root);
    let programs = [Ok(esker)];
    let mut circumstances = report::circumstances(&programs)?;
    let [Ok(esker)] = programs else { unreachable!("the only program was found") };
    let site = Site::clear(esker, root.join("target").join("bench"), options)?;
    circumstances.push_str(&site.describe()?);
    process::pin_self(&[CLIENT_CORE])?;

    let questions: [fn(&Site) -> Vec<Section>; 8] = [
        speed::measure,
        collections::measure,
        sync::measure,
        delete::measure,
        large::measure,
        open::measure,
        rank::measure,
        workers::measure,
    ];
    let sections: Vec<_> = questions.iter().flat_map(|measure| measure(&site)).collect();
    let reasons = report::read_reasons(&root.join("bench").join("disk-reasons.txt"))?;
    let command = site.options.command();
    let head = Head {
        title: "The engine on disk",
        circumstances,
        commands: [command.clone(), format!("{command} --only 'speed: GET'")],
        has_chart: false,
    };
    let text = report::markdown(&head, &sections, &reasons);
    println!("{text}");
    if let Some(folder) = output_folder {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("DISK.md"), &text)?;
        eprintln!("wrote DISK.md in {}", folder.display());
    }
    Ok(())
}

/// The `index`th of the figures that one measurement finds, or why it found none.
fn figure<const N: usize>(found: &Outcome<[f64; N]>, index: usize) -> Outcome<f64> {
    found.as_ref().map(|figures| figures[index]).map_err(String::clone)
}
