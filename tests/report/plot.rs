//! Draws curves as SVG, to be read in light and in dark surroundings. Knows nothing of what they show.

use std::fmt::{Display, Formatter, Result};

use super::Table;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 56.0;
/// Lines across, at most.
const MOST_TICKS: f64 = 6.0;

/// The surroundings' background shines through, so colours change with it.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-size:15px;font-weight:600;fill:#24292f}\
.grid{stroke:#d0d7de}.c0{color:#0969da}.c1{color:#bc4c00}.c2{color:#1a7f37}.c3{color:#8250df}\
path{fill:none;stroke:currentColor;stroke-width:2}circle{fill:currentColor}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#3d444d}\
.c0{color:#4493f8}.c1{color:#db6d28}.c2{color:#3fb950}.c3{color:#ab7df8}}";

/// Columns of a table against another of its columns. Both axes begin where they should: across at the first value, on a
/// logarithmic scale; upwards at nothing.
#[derive(Clone, Copy, Debug)]
pub struct Plot<'a> {
    /// What it shows.
    pub title: &'a str,
    /// Where the numbers are.
    pub table: &'a Table,
    /// The column that goes across, and what the axis is called.
    pub x: (&'a str, &'a str),
    /// Columns that go upwards, at most four, and what their curves are called.
    pub curves: &'a [(&'a str, &'a str)],
    /// What the upright axis is called.
    pub y: &'a str,
}

impl Display for Plot<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let curves: Vec<_> = self.curves.iter().map(|(column, _)| self.table.points(self.x.0, column)).collect();
        let scale = Scale::of(curves.iter().flatten());
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            escaped(self.title)
        )?;
        writeln!(out, "<style>{STYLE}</style>")?;
        write_text(out, (LEFT, 22.0), "start", "title", self.title)?;
        self.write_axes(out, &scale, curves.first().map_or(&[], Vec::as_slice))?;
        let mut legend = LEFT;
        for (number, (points, (_, name))) in curves.iter().zip(self.curves).enumerate() {
            writeln!(out, r#"<g class="c{number}">"#)?;
            write_curve(out, &scale, points)?;
            writeln!(out, r#"<circle cx="{:.1}" cy="42" r="5"/>"#, legend + 5.0)?;
            writeln!(out, "</g>")?;
            write_text(out, (legend + 16.0, 47.0), "start", "", name)?;
            legend += 40.0 + 7.0 * name.chars().count() as f64;
        }
        writeln!(out, "</svg>")
    }
}

impl Plot<'_> {
    fn write_axes(&self, out: &mut Formatter<'_>, scale: &Scale, points: &[(f64, f64)]) -> Result {
        let mut tick = 0.0;
        while tick <= scale.highest {
            let y = scale.y(tick);
            writeln!(out, r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/>"#, WIDTH - RIGHT)?;
            write_text(out, (LEFT - 8.0, y + 4.0), "end", "", &grouped(tick))?;
            tick += scale.step;
        }
        for (x, _) in points {
            write_text(out, (scale.x(*x), HEIGHT - BOTTOM + 20.0), "middle", "", &grouped(*x))?;
        }
        write_text(out, ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12.0), "middle", "", self.x.1)?;
        write_text(out, (WIDTH - RIGHT, 47.0), "end", "", self.y)
    }
}

/// Where numbers lie in the picture.
struct Scale {
    least: f64,
    most: f64,
    step: f64,
    highest: f64,
}

impl Scale {
    fn of<'p>(points: impl Iterator<Item = &'p (f64, f64)>) -> Self {
        let (mut least, mut most, mut highest) = (f64::INFINITY, f64::MIN_POSITIVE, f64::MIN_POSITIVE);
        for (x, y) in points {
            (least, most, highest) = (least.min(*x), most.max(*x), highest.max(*y));
        }
        let step = round_step(highest / MOST_TICKS);
        Self { least: least.min(most), most, step, highest: (highest / step).ceil() * step }
    }

    fn x(&self, value: f64) -> f64 {
        let part = (value / self.least).ln() / (self.most / self.least).ln().max(f64::MIN_POSITIVE);
        // The first and the last value stand off the edges, so that their labels fit.
        LEFT + 24.0 + part * (WIDTH - LEFT - RIGHT - 48.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.highest * (HEIGHT - TOP - BOTTOM)
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

fn write_curve(out: &mut Formatter<'_>, scale: &Scale, points: &[(f64, f64)]) -> Result {
    let places: Vec<_> = points.iter().map(|(x, y)| (scale.x(*x), scale.y(*y))).collect();
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(out, r#"<path d="M{}"/>"#, path.join("L"))?;
    places.iter().try_for_each(|(x, y)| writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#))
}

fn write_text(out: &mut Formatter<'_>, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) -> Result {
    let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
    writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}"{class}>{}</text>"#, escaped(text))
}

/// With commas between thousands.
fn grouped(number: f64) -> String {
    if number < 1000.0 {
        return format!("{number}");
    }
    let digits = format!("{number:.0}");
    let is_start = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    digits.char_indices().flat_map(|(at, digit)| is_start(at).then_some(',').into_iter().chain([digit])).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_plot_is_drawn_as_in_the_golden_file() {
        let mut table = Table::new("Many rules", &["rules", "guest", "native"]);
        for (rules, guest, native) in [(1.0, 480.0, 350.0), (10.0, 510.0, 400.0), (823.0, 1400.5, f64::NAN)] {
            table.row("", &[rules, guest, native]);
        }
        let plot = Plot {
            title: "Cost & \"number\" of rules <1,000",
            table: &table,
            x: ("rules", "rules in one module"),
            curves: &[("guest", "as WebAssembly"), ("native", "native")],
            y: "ns per event",
        };
        assert_golden("plot.svg", &plot.to_string());
    }

    #[test]
    fn a_single_point_and_no_point_are_drawn_too() {
        let mut table = Table::new("", &["x", "y"]);
        let plot = |table: &Table| Plot { title: "", table, x: ("x", ""), curves: &[("y", "")], y: "" }.to_string();
        assert!(!plot(&table).contains("NaN"));
        table.row("", &[3.0, 0.0]);
        assert!(!plot(&table).contains("NaN"));
    }

    #[test]
    fn lines_across_stand_at_round_numbers() {
        for (least, step) in [(0.7, 1.0), (1.0, 1.0), (1.1, 2.0), (333.0, 500.0), (501.0, 1000.0), (0.03, 0.05)] {
            assert!((round_step(least) / step - 1.0).abs() < 1e-9, "{least}: {}", round_step(least));
        }
        assert_eq!(
            [grouped(0.5), grouped(999.0), grouped(1000.0), grouped(1_234_567.0)].join(" "),
            "0.5 999 1,000 1,234,567"
        );
    }

    /// `UPDATE_GOLDEN=1` writes it anew.
    fn assert_golden(name: &str, found: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{} differs; found:\n{found}", path.display());
    }
}
