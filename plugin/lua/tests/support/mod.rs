//! Runs scripts in Debian's `lua5.4`, where there is one, with the built module on their path.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests are tests, and each test file uses another part of it"
)]

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

/// What every script begins with: where the module is, how to load it with a cache, and how to tell what came of an event.
const PRELUDE: &str = include_str!("prelude.lua");

/// A Lua that finds the module, in a folder of its own.
pub struct Lua {
    pub folder: TempDir,
}

impl Lua {
    /// Nothing, and that it says, if there is no `lua5.4` on this machine.
    pub fn find() -> Option<Self> {
        if Command::new("lua5.4").arg("-v").output().is_err() {
            tell("skipped: no `lua5.4` on PATH");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        symlink(module(), folder.path().join("weir.so")).unwrap();
        Some(Self { folder })
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// What a script prints; it has to succeed.
    pub fn run(&self, script: &str) -> String {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weir-cache");
        self.write("script.lua", format!("local CACHE = {:?}\n{PRELUDE}\n{script}", cache.display().to_string()));
        let output = Command::new("lua5.4").arg("script.lua").current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}\n{script}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Says something past what captures the output of tests that succeed.
pub fn tell(what: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{what}").unwrap();
}

/// The library that Cargo built beside this test.
fn module() -> PathBuf {
    env::current_exe().unwrap().with_file_name("libweir_lua.so")
}

/// A value as Vector has it in Lua.
pub fn literal(value: &Value) -> String {
    match value {
        // Of a field that is null, Vector makes an empty text.
        Value::Null => "\"\"".to_owned(),
        Value::String(text) => text_literal(text),
        Value::Array(elements) => format!("{{{}}}", elements.iter().map(literal).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("[{}]={}", text_literal(key), literal(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn text_literal(text: &str) -> String {
    format!("\"{}\"", text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>())
}
