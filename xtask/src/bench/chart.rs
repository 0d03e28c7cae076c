//! The chart of a run: one SVG, drawn on its own background so that it reads on any page.
//!
//! Above, the CPU time per command by Redis' own; below, the bytes by item. A bar is Esker, a tick its
//! limit, a thin bar Redis.

use std::fmt::Write;

use super::report::{Limit, Row, Section, Verdict};

const WIDTH: f64 = 880.0;
/// Where the bars begin, right of the labels.
const BARS_LEFT: f64 = 370.0;
/// Where the figures begin, right of the bars.
const BARS_RIGHT: f64 = 800.0;
const ROW_HEIGHT: f64 = 20.0;
const MARGIN: f64 = 20.0;

/// Colours by role: light, and dark where the reader prefers it. Told apart by lightness too.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:14px;font-weight:600}\
.page{fill:#fff;stroke:#d1d9e0}.met{fill:#2f6fd0}.missed{fill:#d9822b}.peer{fill:#b4bcc6}.limit{stroke:#1f2328}.redis{stroke:#b4bcc6}\
.note{fill:#59636e}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117;stroke:#3d444d}.met{fill:#5a9bf6}\
.missed{fill:#f0a04b}.peer{fill:#586069}.limit{stroke:#e6edf3}.redis{stroke:#586069}.note{fill:#9198a1}}";

/// One panel: its rows share a scale.
struct Panel<'a> {
    title: String,
    bars: Vec<Bar<'a>>,
}

/// One row of a panel, all in the panel's unit.
struct Bar<'a> {
    label: &'a str,
    esker: f64,
    /// `None` where Redis is the unit.
    redis: Option<f64>,
    limit: f64,
    met: bool,
    /// Beside the bar.
    figure: String,
}

/// Draws the rows of `sections` that have a figure and a limit; stalls are left to the table.
pub fn svg(sections: &[Section]) -> String {
    let panels: Vec<_> = sections.iter().filter_map(panel).filter(|panel| !panel.bars.is_empty()).collect();
    let heights = panels.iter().map(|panel| panel.bars.len() as f64 * ROW_HEIGHT + 3.0 * MARGIN);
    let height = heights.sum::<f64>() + 2.0 * MARGIN;
    let mut out = String::new();
    push(
        &mut out,
        format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="Esker beside Redis"><style>{STYLE}</style><rect class="page" x="0.5" y="0.5" width="{}" height="{}" rx="6"/>"#,
            WIDTH - 1.0,
            height - 1.0
        ),
    );
    let mut top = push_legend(&mut out);
    for panel in &panels {
        top = push_panel(&mut out, panel, top);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(section: &Section) -> Option<Panel<'_>> {
    let title = match section.name {
        "speed" => "CPU time per command, by that of Redis (1.00)",
        "memory" => "Memory by item, in bytes",
        _ => return None,
    };
    Some(Panel { title: title.to_owned(), bars: section.rows.iter().filter_map(bar).collect() })
}

fn bar(row: &Row) -> Option<Bar<'_>> {
    let (esker, redis, limit, decimals) = match row.limit? {
        Limit::RatioMax(most) => (row.ratio().ok()?, None, most, 2),
        // A bar that has to be long is none of these panels'.
        Limit::RatioMin(_) => return None,
        Limit::FigureMax(most) => (row.figures[0].clone().ok()?, row.figures[1].clone().ok(), most, 0),
    };
    let figure = redis.map_or_else(
        || format!("{esker:.decimals$}"),
        |redis| format!("{esker:.decimals$} : {redis:.decimals$}"),
    );
    Some(Bar { label: &row.name, esker, redis, limit, met: row.verdict()? == Verdict::Met, figure })
}

/// Explains the marks; returns where the first panel begins.
fn push_legend(out: &mut String) -> f64 {
    let y = MARGIN + 4.0;
    for (x, class, text) in [
        (MARGIN, "met", "Esker, limit met"),
        (170.0, "missed", "Esker, limit not met"),
        (345.0, "peer", "Redis"),
    ] {
        push(out, format_args!(r#"<rect class="{class}" x="{x}" y="{}" width="12" height="10"/>"#, y - 9.0));
        push(out, format_args!(r#"<text x="{}" y="{y}">{text}</text>"#, x + 18.0));
    }
    push_line(out, "limit", 426.0, y - 11.0, 14.0);
    push(out, format_args!(r#"<text x="434" y="{y}">limit</text>"#));
    y + MARGIN
}

/// Draws `panel` from `top`; returns where the next one begins.
fn push_panel(out: &mut String, panel: &Panel<'_>, top: f64) -> f64 {
    let largest = panel.bars.iter().flat_map(|bar| [bar.esker, bar.limit, bar.redis.unwrap_or(1.0)]);
    let scale = (BARS_RIGHT - BARS_LEFT) / largest.fold(0.0, f64::max);
    let mut y = top + MARGIN;
    push(out, format_args!(r#"<text class="title" x="{MARGIN}" y="{y}">{}</text>"#, escape(&panel.title)));
    y += MARGIN / 2.0;
    if panel.bars.iter().any(|bar| bar.redis.is_none()) {
        push_line(out, "redis", BARS_LEFT + scale, y, panel.bars.len() as f64 * ROW_HEIGHT);
    }
    for bar in &panel.bars {
        let text_y = y + 14.0;
        let label = escape(bar.label);
        push(
            out,
            format_args!(r#"<text x="{}" y="{text_y}" text-anchor="end">{label}</text>"#, BARS_LEFT - 8.0),
        );
        let class = if bar.met { "met" } else { "missed" };
        let esker_height = if bar.redis.is_some() { 9.0 } else { 13.0 };
        push_bar(out, class, y + 3.0, bar.esker * scale, esker_height);
        if let Some(redis) = bar.redis {
            push_bar(out, "peer", y + 12.0, redis * scale, 4.0);
        }
        push_line(out, "limit", BARS_LEFT + bar.limit * scale, y + 1.0, 17.0);
        push(
            out,
            format_args!(
                r#"<text class="note" x="{}" y="{text_y}">{}</text>"#,
                BARS_RIGHT + 8.0,
                escape(&bar.figure)
            ),
        );
        y += ROW_HEIGHT;
    }
    y + 1.5 * MARGIN
}

fn push_bar(out: &mut String, class: &str, y: f64, width: f64, height: f64) {
    push(
        out,
        format_args!(
            r#"<rect class="{class}" x="{BARS_LEFT}" y="{y}" width="{width:.1}" height="{height}"/>"#
        ),
    );
}

fn push_line(out: &mut String, class: &str, x: f64, y: f64, height: f64) {
    push(
        out,
        format_args!(
            r#"<line class="{class}" x1="{x:.1}" y1="{y}" x2="{x:.1}" y2="{}" stroke-width="2"/>"#,
            y + height
        ),
    );
}

fn push(out: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(out, "{element}").expect("writing to memory does not fail");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_with_a_figure_are_drawn() {
        let row = |name: &str, esker| Row {
            name: name.to_owned(),
            figures: vec![esker, Ok(100.0)],
            limit: Some(Limit::FigureMax(50.0)),
        };
        let section = Section {
            name: "memory",
            title: "",
            method: String::new(),
            unit: "bytes",
            decimals: 0,
            columns: vec!["Esker", "Redis"],
            compares: true,
            rows: vec![
                row("small & neat", Ok(40.0)),
                row("large", Ok(60.0)),
                row("lost", Err(String::new())),
            ],
        };
        let drawn = svg(&[section]);
        assert!(drawn.contains("small &amp; neat") && drawn.contains("large") && !drawn.contains("lost"));
        // One bar each, and one mark each in the legend.
        assert_eq!(drawn.matches(r#"class="met""#).count(), 2);
        assert_eq!(drawn.matches(r#"class="missed""#).count(), 2);
    }
}
