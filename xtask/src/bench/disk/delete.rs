//! Removing a large collection: at once for the client, and compaction gives its room back.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::{Outcome, median};
use crate::bench::servers::Server;

use super::collections::Kind;
use super::figure;
use super::quiet::{self, compact};
use super::site::{Folder, Site};

/// Milliseconds that DEL may take.
const DEL_MS_MAX: f64 = 5.0;
/// What may be left of the room after compaction, as a share.
const LEFT_MAX: f64 = 0.1;
/// After so long a removal is on disk (`appendfsync everysec`), and compaction may act on it.
const SYNC_TIME: Duration = Duration::from_millis(2500);

const KINDS: [Kind; 4] = [Kind::Hash, Kind::Set, Kind::SortedSet, Kind::List];

/// What one removal showed.
struct Removal {
    /// Milliseconds of the command.
    milliseconds: f64,
    /// Megabytes on disk after compaction, and before the removal.
    left: Outcome<[f64; 2]>,
}

/// Measures the removal of each kind of collection.
pub fn measure(site: &Site) -> Vec<Section> {
    let wanted =
        |section: &str| KINDS.map(|kind| site.options.wants(section, &format!("DEL of a {}", kind.name())));
    let (timed, weighed) = (wanted("delete"), wanted("room"));
    let (mut times, mut rooms) = (Vec::new(), Vec::new());
    for (index, kind) in KINDS.into_iter().enumerate().filter(|(index, _)| timed[*index] || weighed[*index]) {
        let rounds = if timed[index] { site.options.few_rounds() } else { 1 };
        let removals: Result<Vec<_>, _> = (0..rounds).map(|_| remove(site, kind)).collect();
        let removals = removals.map_err(|error| error.to_string());
        let name = format!("DEL of a {}", kind.name());
        if timed[index] {
            let milliseconds =
                removals.as_ref().map(|all| median(all.iter().map(|one| one.milliseconds).collect()));
            times.push(Row {
                name: name.clone(),
                figures: vec![milliseconds.map_err(String::clone)],
                limit: Some(Limit::FigureMax(DEL_MS_MAX)),
            });
        }
        if weighed[index] {
            let left = removals.as_ref().map_err(String::clone).and_then(|all| all[0].left.clone());
            let figures = vec![figure(&left, 0), figure(&left, 1)];
            rooms.push(Row { name, figures, limit: Some(Limit::RatioMax(LEFT_MAX)) });
        }
    }
    let elements = site.options.elements();
    let times = Section {
        name: "delete",
        title: "Removing a large collection",
        method: format!(
            "Milliseconds of wall time until DEL of a collection of {elements} elements is answered; medians of {} \
             fresh collections.",
            site.options.few_rounds()
        ),
        unit: "ms",
        decimals: 2,
        columns: vec!["milliseconds"],
        compares: false,
        rows: times,
    };
    let rooms = Section {
        name: "room",
        title: "The room of a removed collection",
        method: "Megabytes on disk without the journals, compacted: before DEL and after it.".to_owned(),
        unit: "MB",
        decimals: 1,
        columns: vec!["after DEL", "before"],
        compares: true,
        rows: rooms,
    };
    [times, rooms].into_iter().filter(|section| !section.rows.is_empty()).collect()
}

fn remove(site: &Site, kind: Kind) -> io::Result<Removal> {
    let folder = site.folder("delete")?;
    let server = site.start(&folder)?;
    let mut connection = server.connect()?;
    kind.load(&mut connection, b"large", site.options.elements())?;
    quiet::wait_for(&server)?;
    let before = megabytes_compacted(&server, &folder);
    let began = Instant::now();
    let removed = connection.call(&[b"DEL", b"large"])?;
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    if removed != 1 {
        return Err(io::Error::other("there was nothing to remove"));
    }
    eprintln!("delete: DEL of a {}: {milliseconds:.2} ms", kind.name());
    std::thread::sleep(SYNC_TIME);
    let left = before.and_then(|before| Ok([megabytes_compacted(&server, &folder)?, before]));
    Ok(Removal { milliseconds, left: left.map_err(|error| error.to_string()) })
}

/// Megabytes of everything but the journals, once it is compacted. Before, a part may be in a journal only.
fn megabytes_compacted(server: &Server, folder: &Folder) -> io::Result<f64> {
    compact(server)?;
    Ok(folder.disk_bytes()?.others as f64 / 1e6)
}
