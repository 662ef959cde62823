//! Writes what the licences of other people's code in a release want told: for `make package`, to stdout.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// What a release is made of.
const ROOTS: [&str; 4] = ["weir", "weir-lua", "weir-guest", "weir-guest-fluent-bit"];
/// How the names of files begin that hold licences.
const LICENCES: [&str; 5] = ["license", "licence", "copying", "copyright", "notice"];

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let metadata = metadata()?;
    let packages = linked(&metadata);
    println!("Weir is built with the following crates, by other people. Each is used under its licence as stated.\n");
    let mut crates_by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        println!("{name}: {}, {}", text(&package["license"]), text(&package["repository"]));
        for licence in licences(Path::new(text(&package["manifest_path"])))? {
            crates_by_text.entry(licence).or_default().push(name.clone());
        }
    }
    for (licence, crates) in crates_by_text {
        println!("\n{}\n{}\n\n{licence}", "-".repeat(80), crates.join(", "));
    }
    Ok(())
}

/// What Cargo knows of this workspace, for the platform that this was built for.
fn metadata() -> Fallible<Value> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let platform = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let asked = ["metadata", "--format-version=1", "--locked", "--filter-platform", &platform];
    let output = Command::new(cargo).args(asked).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The packages that end up in a release, but for Weir's own, in the order of their names.
fn linked(metadata: &Value) -> Vec<&Value> {
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"]).map(|it| (text(&it["id"]), it)).collect();
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"]["nodes"]).map(|it| (text(&it["id"]), it)).collect();
    let roots = packages.iter().filter(|(_, package)| ROOTS.contains(&text(&package["name"])));
    let mut open: Vec<&str> = roots.map(|(id, _)| *id).collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !runs_at_compile_time(packages[id]) && found.insert(id) {
            let linked =
                list(&nodes[id]["deps"]).filter(|it| list(&it["dep_kinds"]).any(|kind| kind["kind"].is_null()));
            open.extend(linked.map(|dependency| text(&dependency["pkg"])));
        }
    }
    // Weir's own come from no registry.
    let mut others: Vec<&Value> =
        found.into_iter().map(|id| packages[id]).filter(|it| !it["source"].is_null()).collect();
    others.sort_by_key(|package| (text(&package["name"]), text(&package["version"])));
    others
}

fn runs_at_compile_time(package: &Value) -> bool {
    list(&package["targets"]).any(|target| list(&target["kind"]).any(|kind| kind == "proc-macro"))
}

/// The texts of the files that hold licences in the folder of a package.
fn licences(manifest: &Path) -> Fallible<Vec<String>> {
    let folder = manifest.parent().ok_or("a manifest lies in a folder")?;
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Fallible<BTreeSet<PathBuf>>>()?;
    let is_licence = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && LICENCES.iter().any(|licence| name.starts_with(licence))
    };
    let texts = files.iter().filter(is_licence).map(|path| Ok(fs::read_to_string(path)?.trim().to_owned()));
    texts.collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
