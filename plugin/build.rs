//! Builds the generic guests for wasm32, and the module with the rules that Weir ships, for the binary to carry.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use weir_engine::program::{Folding, Program};
use weir_eql::RuleFile;

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let guest = build_guest(&root, &out, &COMPONENT)?;
    fs::write(out.join("guest.wasm"), &guest)?;
    fs::write(out.join("fluent_bit_guest.wasm"), build_guest(&root, &out, &FLUENT_BIT)?)?;
    let files = rule_files(&fs::canonicalize(root.join("wasm-guest/rules"))?)?;
    fs::write(out.join("shipped.wasm"), weir_module::build(&guest, &compile(&files)?)?)?;
    fs::write(out.join("shipped_files.rs"), embed(&files))?;
    Ok(())
}

/// A guest, and how it is built.
struct Guest {
    package: &'static str,
    sources: &'static [&'static str],
    /// Its target folder's name.
    folder: &'static str,
    flags: &'static [&'static str],
}

/// The one that becomes a component.
const COMPONENT: Guest = Guest {
    package: "weir-guest",
    sources: &["wasm-guest/Cargo.toml", "wasm-guest/src", "wasm-guest/wit"],
    folder: "guest",
    // A quarter of the usual stack: all memory is looked through after each batch, for pages to wipe.
    flags: &["-Ctarget-feature=+simd128", "-Clink-arg=-zstack-size=262144"],
};

/// The one that becomes a filter for Fluent Bit, whose runtime knows no SIMD and bounds no memory.
const FLUENT_BIT: Guest = Guest {
    package: "weir-guest-fluent-bit",
    sources: &["wasm-guest/fluent-bit"],
    folder: "guest-fluent-bit",
    flags: &["-Clink-arg=-zstack-size=65536", "-Clink-arg=--max-memory=67108864"],
};

/// Builds a guest in a target folder of its own: cargo holds a lock on the one that it is building in.
fn build_guest(root: &Path, out: &Path, guest: &Guest) -> Result<Vec<u8>> {
    for input in ["Cargo.toml", "Cargo.lock", "wasm-guest/engine"].into_iter().chain(guest.sources.iter().copied()) {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let target = target_folder(out).join(guest.folder);
    let root = fs::canonicalize(root)?;
    // Paths in panic messages would make the module differ from machine to machine.
    let mut flags = vec![format!("--remap-path-prefix={}=weir", root.display())];
    flags.extend(guest.flags.iter().map(|flag| flag.to_string()));
    if let Some(home) =
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))
    {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    let status = Command::new(env::var("CARGO")?)
        .args(["build", "--package", guest.package, "--target=wasm32-unknown-unknown", "--profile=guest", "--locked"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(&root)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // The outer cargo's: clippy would lint the guest instead of building it.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .status()
        .context("cargo could not be started to build the guest")?;
    if !status.success() {
        bail!(
            "the guest could not be built for wasm32-unknown-unknown; if the target is missing, install it with \
             `rustup target add wasm32-unknown-unknown`"
        );
    }
    let file = format!("wasm32-unknown-unknown/guest/{}.wasm", guest.package.replace('-', "_"));
    fs::read(target.join(file)).context("cargo built no guest")
}

/// The target folder that `out`, a build script's output folder, lies in.
fn target_folder(out: &Path) -> &Path {
    // target/<profile>/build/<package>/out
    out.ancestors().nth(4).unwrap_or(out)
}

/// The rule files that Weir ships, in the order of their names.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

fn compile(files: &[PathBuf]) -> Result<Program> {
    let mut rules = Vec::new();
    for path in files {
        rules.push(RuleFile::parse(path, &fs::read_to_string(path)?).map_err(render)?);
    }
    weir_eql::compile(&rules, Folding::Unicode).map_err(render)
}

/// A Rust expression: an array of the files' names and texts.
fn embed(files: &[PathBuf]) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = files.iter().map(|path| format!("({:?}, include_str!({path:?})),", name(path)));
    format!("&[{}]", entries.collect::<String>())
}

fn render(diagnostics: Vec<weir_eql::Diagnostic>) -> anyhow::Error {
    anyhow::Error::msg(diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
