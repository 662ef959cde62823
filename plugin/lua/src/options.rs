//! What a script gives to `load`: keys of the `detect` section of Weir's config, with the same meanings and defaults.

use std::path::Path;

use weir::config::{Config, ConfigError};

use crate::stack::{Kind, Stack};

/// The keys of `detect` that have a meaning here.
const OPTIONS: [&str; 9] = [
    "module",
    "rules",
    "mappings",
    "sha256",
    "max_event_bytes",
    "deadline_ms",
    "memory_mib",
    "suppressed",
    "cache_dir",
];

/// Reads the options on top as the config that they are part of. An error ends with its remedy.
pub(crate) fn read(stack: &mut Stack) -> Result<Config, String> {
    // A Lua runs in one thread, and gives one event at a time.
    let mut text = "detect:\n  workers: 1\n  batch_bytes: 1\n".to_owned();
    match stack.kind() {
        Kind::Nil => {}
        Kind::Object => stack.members(|stack, key| {
            let key = String::from_utf8_lossy(key);
            if !OPTIONS.contains(&&*key) {
                return Err(format!("there is no option `{key}`; the options are {}", OPTIONS.join(", ")));
            }
            text += &format!("  {key}: {}\n", spell(&key, stack)?);
            Ok(())
        })?,
        Kind::Array => return Err("the options of `load` have no names; write `load{ module = \"…\" }`".to_owned()),
        other => return Err(format!("`load` takes a table, not {}; write `load{{ module = \"…\" }}`", other.name())),
    }
    Config::parse(&text, Path::new("load")).map_err(|error| report(&error))
}

/// What is wrong with the config, for a message that is an error's anyway.
pub(crate) fn report(error: &ConfigError) -> String {
    let report = error.to_string();
    report.strip_prefix("error: ").unwrap_or(&report).to_owned()
}

/// The value on top as YAML, of which JSON is part.
fn spell(key: &str, stack: &mut Stack) -> Result<String, String> {
    match stack.kind() {
        Kind::Text(text) => Ok(serde_json::Value::from(String::from_utf8_lossy(text)).to_string()),
        Kind::Integer(integer) => Ok(integer.to_string()),
        Kind::Float(float) => Ok(float.to_string()),
        Kind::Boolean(boolean) => Ok(boolean.to_string()),
        Kind::Array => spell_list(key, stack),
        other => Err(format!("option `{key}` can't be {}; write a text, a number or a list of texts", other.name())),
    }
}

fn spell_list(key: &str, stack: &mut Stack) -> Result<String, String> {
    let mut elements = Vec::new();
    stack.elements(|stack, _| {
        let Kind::Text(text) = stack.kind() else {
            return Err(format!("the list `{key}` can't hold {}; write a list of texts", stack.kind().name()));
        };
        elements.push(serde_json::Value::from(String::from_utf8_lossy(text)).to_string());
        Ok(())
    })?;
    Ok(format!("[{}]", elements.join(", ")))
}
