//! What a bench found: printed as tables while it runs, kept in `target/bench` as JSON, and drawn. Knows nothing of what is
//! measured.

mod machine;
mod plot;
mod race;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Serialize;
use serde_json::{Map, Value, json};

use self::machine::Circumstances;
pub use self::plot::Plot;
pub use self::race::{Load, Race};

/// What all benches found.
const RESULTS: &str = "results.json";

/// Rows of numbers, which are printed as they come.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    title: String,
    #[serde(skip)]
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    /// By column; what doesn't apply to the row is left out.
    #[serde(flatten)]
    values: Map<String, Value>,
}

/// Is anything to be measured? `cargo test --benches` only wants to know that it still runs.
pub fn is_bench() -> bool {
    env::args().any(|argument| argument == "--bench")
}

/// Where cargo puts what it builds, as seen from a bench.
///
/// # Errors
/// If the bench isn't where cargo puts benches.
pub fn target_folder() -> io::Result<PathBuf> {
    // target/<profile>/deps/<bench>
    let program = env::current_exe()?;
    program
        .ancestors()
        .nth(3)
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other("no target folder; use `cargo bench`"))
}

/// Adds what a bench found to what others did, in `target/bench`.
///
/// # Errors
/// If the file can't be read or written.
pub fn write(bench: &str, tables: &[&Table]) -> io::Result<()> {
    if !is_bench() {
        return Ok(());
    }
    let path = folder()?.join(RESULTS);
    let mut all: Map<String, Value> = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(error),
    };
    all.insert(bench.to_owned(), json!({ "measured": Circumstances::now(), "tables": tables }));
    fs::write(path, serde_json::to_string_pretty(&all)? + "\n")
}

/// Draws a plot there.
///
/// # Errors
/// If the file can't be written.
pub fn draw(name: &str, plot: &Plot<'_>) -> io::Result<()> {
    if is_bench() { fs::write(folder()?.join(name).with_extension("svg"), plot.to_string()) } else { Ok(()) }
}

fn folder() -> io::Result<PathBuf> {
    let folder = target_folder()?.join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Table {
    /// Begins a table, and prints its head.
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        let title = title.into();
        println!("\n{title}");
        print!("{:<52}", "");
        columns.iter().for_each(|column| print!(" {column:>width$}", width = width(column)));
        println!();
        Self { title, columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row and prints it; `NaN` is a cell that stays empty.
    ///
    /// # Panics
    /// If there isn't a value for each column.
    pub fn row(&mut self, name: impl Into<String>, values: &[f64]) {
        assert_eq!(values.len(), self.columns.len(), "a value for each column");
        let name = name.into();
        print!("{name:<52}");
        for (column, value) in self.columns.iter().zip(values) {
            print!(" {:>width$}", show(*value), width = width(column));
        }
        println!();
        let named = self.columns.iter().zip(values).filter(|(_, value)| !value.is_nan());
        let values = named.map(|(column, value)| ((*column).to_owned(), json!(rounded(*value)))).collect();
        self.rows.push(Row { name, values });
    }

    /// The rows that have both, as a curve.
    fn points(&self, x: &str, y: &str) -> Vec<(f64, f64)> {
        let value = |row: &Row, column| row.values.get(column).and_then(Value::as_f64);
        self.rows.iter().filter_map(|row| Some((value(row, x)?, value(row, y)?))).collect()
    }
}

fn width(column: &str) -> usize {
    column.chars().count().max(8)
}

/// Three digits that matter.
fn show(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => String::new(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// No more digits than were measured.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_kept_by_the_names_of_its_columns_without_empty_cells() {
        let mut table = Table::new("Relay", &["events/s", "CPU µs/event"]);
        table.row("straight", &[1e6, f64::NAN]);
        table.row("through Weir", &[774_000.0, 1.654_321]);
        assert_eq!(
            serde_json::to_value(&table).unwrap(),
            json!({"title": "Relay", "rows": [
                {"name": "straight", "events/s": 1e6},
                {"name": "through Weir", "events/s": 774_000.0, "CPU µs/event": 1.654},
            ]})
        );
        assert_eq!(table.points("events/s", "CPU µs/event"), [(774_000.0, 1.654)]);
    }

    #[test]
    fn numbers_are_shown_with_the_digits_that_matter() {
        for (value, expected) in
            [(1234.5, "1234"), (99.96, "100.0"), (12.34, "12.3"), (1.234, "1.23"), (0.0, "0.00"), (f64::NAN, "")]
        {
            assert_eq!(show(value), expected);
        }
    }
}
