//! What the config file accepts, and what a user reads when it is refused.
//!
//! Each `tests/config/NAME.yaml` is refused with the text in `NAME.stderr`; `UPDATE_GOLDEN=1` writes these texts, and
//! `configs/weir.schema.json`, anew.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod golden;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use golden::assert_golden;
use proptest::prelude::*;
use serde_json::Value;
use weir::config::{Config, Sink, Source, schema};

const QUICKSTART: &str = include_str!("../../configs/quickstart.yaml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("weir.yaml")).map_err(|error| error.to_string())
}

/// The sections of the schema, each with the keys of its variants.
fn sections() -> Vec<(String, Vec<Keys>)> {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let sections = schema["properties"].as_object().unwrap().clone();
    sections.iter().map(|(name, section)| (name.clone(), variants(section))).collect()
}

/// The keys of a mapping, with their schemas.
type Keys = serde_json::Map<String, Value>;

fn variants(mapping: &Value) -> Vec<Keys> {
    match mapping["oneOf"].as_array() {
        Some(variants) => variants.iter().map(|one| one["properties"].as_object().unwrap().clone()).collect(),
        None => vec![mapping["properties"].as_object().unwrap().clone()],
    }
}

/// All keys of the schema, each with the names of what it is in and its schema.
fn all_keys() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (section, variants) in sections() {
        let mut mappings: Vec<(String, Keys)> = variants.into_iter().map(|keys| (section.clone(), keys)).collect();
        while let Some((path, keys)) = mappings.pop() {
            for (key, schema) in keys {
                let path = format!("{path}.{key}");
                if schema["type"] == "object" {
                    mappings.extend(variants_of(&path, &schema));
                }
                found.push((path, schema));
            }
        }
    }
    found
}

fn variants_of(path: &str, mapping: &Value) -> Vec<(String, Keys)> {
    variants(mapping).into_iter().map(|keys| (path.to_owned(), keys)).collect()
}

/// A config that sets nothing but the key at this path.
fn with(path: &str, value: impl std::fmt::Display) -> String {
    let nested = path.split('.').rev().fold(value.to_string(), |inner, key| format!("{{{key}: {inner}}}"));
    nested + "\n"
}

/// The quickstart config with everything that is commented out there.
fn whole_quickstart() -> Value {
    // In the comments, keys begin in lower case, or are indented further, and sentences don't.
    let uncomment = |line: &str| {
        let comment = line.trim_start().strip_prefix("# ").unwrap_or("-");
        let is_key = comment.trim_start().split_once(':').is_some_and(|(key, _)| {
            key.chars().all(|char| char.is_ascii_lowercase() || char == '_' || char.is_ascii_digit())
        });
        if is_key { line.replacen("# ", "", 1) + "\n" } else { line.to_owned() + "\n" }
    };
    let text: String = QUICKSTART.lines().skip(1).map(uncomment).collect();
    serde_saphyr::from_str(&text).expect(&text)
}

/// The words of `text` that are in backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_mistake_is_shown_with_its_place_and_its_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mistakes: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(mistakes.len() >= 12, "where are the golden files?");
    for file in mistakes {
        let error = parse(&fs::read_to_string(&file).unwrap()).expect_err(&file.display().to_string());
        assert!(error.contains("--> weir.yaml:") && error.contains("= help: "), "{error}");
        assert_golden(file.with_extension("stderr"), &(error + "\n"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("weir.yaml");
    let latin1 = folder.path().join("latin1.yaml");
    fs::write(&latin1, b"source: {type: file, path: \xe9.ndjson}").unwrap();
    for (path, reason, remedy) in [
        (missing.as_path(), "No such file", "configs/quickstart.yaml"),
        (latin1.as_path(), "UTF-8", "save the file as UTF-8"),
        (folder.path(), "Is a directory", "check the path"),
    ] {
        let error = Config::load(path).unwrap_err().to_string();
        let first = format!("error: can't read the config file `{}`: ", path.display());
        assert!(error.starts_with(&first) && error.contains(reason) && error.contains(remedy), "{error}");
    }
}

#[test]
fn what_is_absent_or_empty_has_its_defaults() {
    for text in ["", "# nothing yet\n", "{}", "detect:\nsource:\n", "detect: {}\nlogs:\n  # level: debug\n"] {
        assert_eq!(parse(text), Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn paths_are_relative_to_the_config_file() {
    let text = "{source: {type: file, path: in}, sink: {type: file, path: /out}, detect: {module: m, cache_dir: ../c}}";
    let config = Config::parse(text, Path::new("/etc/weir/weir.yaml")).unwrap();
    assert_eq!(config.source, Source::File { path: "/etc/weir/in".into() });
    assert_eq!(config.sink, Sink::File { path: "/out".into() });
    assert_eq!(config.detect.module, Some("/etc/weir/m".into()));
    assert_eq!(config.detect.cache_dir, Some("/etc/weir/../c".into()));
    let text = "{detect: {rules: [r, /s], mappings: [falco, ./falco, m.toml]}, alerts: {type: file, path: a}}";
    let config = Config::parse(text, Path::new("/etc/weir/weir.yaml")).unwrap();
    assert_eq!(config.detect.rules, [Path::new("/etc/weir/r"), Path::new("/s")]);
    // But for the names of what Weir ships.
    assert_eq!(config.detect.mappings, ["falco", "/etc/weir/./falco", "/etc/weir/m.toml"].map(Path::new));
    let watched = ["weir.yaml", "r", "./falco", "m.toml"].map(|file| Path::new("/etc/weir").join(file));
    assert!(watched.iter().all(|file| config.files().contains(file)), "{:?}", config.files());
    assert!(!config.files().contains(&"falco".into()));
    assert_eq!(config.alerts, Some(Sink::File { path: "/etc/weir/a".into() }));
}

#[test]
fn memory_for_just_twice_the_longest_event_is_enough() {
    assert_eq!(parse("detect: {memory_mib: 32, max_event_bytes: 16777216}").unwrap().detect.memory_mib, 32);
    assert!(parse("detect: {memory_mib: 32, max_event_bytes: 16777217}").is_err());
}

#[test]
fn a_digest_is_kept_in_lower_case() {
    let config = parse(&format!("detect: {{sha256: {}}}", "9F".repeat(32))).unwrap();
    assert_eq!(config.detect.sha256, Some("9f".repeat(32)));
}

#[test]
fn quickstart_writes_the_defaults() {
    assert_eq!(parse(QUICKSTART), Ok(Config::default()));
}

#[test]
fn quickstart_shows_every_key() {
    let quickstart = whole_quickstart();
    for (path, _) in all_keys() {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(quickstart.pointer(&pointer).is_some(), "quickstart.yaml doesn't show `{path}`");
    }
}

#[test]
fn what_quickstart_shows_of_a_type_is_accepted_by_it() {
    let quickstart = whole_quickstart();
    for (section, variants) in sections() {
        for keys in variants {
            let mut shown: Keys = quickstart[&section].as_object().unwrap().clone();
            shown.retain(|key, _| keys.contains_key(key));
            if let Some(of_type) = keys.get("type") {
                shown["type"] = of_type["const"].clone();
            }
            // The one key of `tls` that only one type of sink has.
            if let Some(tls) = shown.get_mut("tls").filter(|_| keys.contains_key("uri")) {
                tls.as_object_mut().unwrap().remove("server_name");
            }
            // Of these, one excludes the other.
            let exclusive = ["rules", "mappings", "module", "sha256"];
            for other in exclusive.iter().filter(|_| section == "detect") {
                let mut shown = shown.clone();
                shown.retain(|key, _| !(exclusive.contains(&key.as_str()) && key != other));
                assert_eq!(accepts(&section, &shown), "", "{shown:?}");
            }
            for token in ["token", "token_file"] {
                let mut shown = shown.clone();
                shown.retain(|key, _| section != "detect" || key != "rules" && key != "mappings");
                if let Some(auth) = shown.get_mut("auth").and_then(Value::as_object_mut) {
                    auth.remove(token);
                }
                assert_eq!(accepts(&section, &shown), "", "{shown:?}");
            }
        }
    }
}

/// Nothing, or what is wrong with these keys.
fn accepts(section: &str, keys: &Keys) -> String {
    let sink = if section == "alerts" { r#""sink": {"type": "file", "path": "elsewhere"}, "# } else { "" };
    let keys = serde_json::to_string(keys).unwrap();
    parse(&format!("{{{sink}{section:?}: {keys}}}")).err().unwrap_or_default()
}

#[test]
fn the_schema_file_is_up_to_date() {
    assert_golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/weir.schema.json"), &schema());
}

#[test]
fn the_schema_has_the_keys_that_are_accepted() {
    let mut mappings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, _) in all_keys() {
        let (mapping, key) = path.rsplit_once('.').unwrap();
        mappings.entry(mapping.to_owned()).or_default().insert(key.to_owned());
    }
    for (mapping, keys) in mappings {
        let error = parse(&with(&format!("{mapping}.qqqqqqqqqq"), 1)).unwrap_err();
        let (_, accepted) = error.split_once("= help: use ").expect(&error);
        assert_eq!(quoted(accepted), keys.iter().map(String::as_str).collect(), "{mapping}");
    }
}

#[test]
fn the_schema_has_the_bounds_that_are_checked() {
    let mut numbers = BTreeSet::new();
    let keys = all_keys();
    for (key, rule) in keys.iter().filter(|(_, rule)| rule["maximum"].is_u64()) {
        let (least, most) = (rule["minimum"].as_u64().unwrap(), rule["maximum"].as_u64().unwrap());
        let remedy = format!("write a whole number from {least} to {most}");
        for outside in [least - 1, most + 1] {
            let error = parse(&with(key, outside)).unwrap_err();
            assert!(error.contains(&remedy), "{error}");
        }
        for inside in [least, most] {
            let refused = parse(&with(key, inside)).err().unwrap_or_default();
            assert!(!refused.contains(&remedy), "{refused}");
        }
        numbers.insert(key.as_str());
    }
    assert_eq!(numbers.len(), 9, "{numbers:?}");
}

/// Refused or not, any text has an answer.
fn assert_answered(text: &str) {
    if let Err(error) = parse(text) {
        assert!(error.starts_with("error: ") && error.contains("= help: "), "{text:?}\n{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC*") {
        assert_answered(&text);
    }

    #[test]
    fn any_yaml_like_text_is_answered(
        text in r#"((source|detect|sink|alerts|type|path|workers|rules|tls|crt_file|auth|token|vector|http|x|é|~|1|-1|:|: |- |\? |\[|\]|\{|\}|"|'|#|&a|\*a|!t|\||>|---|\t|\r|\n|\n  ){1,2}){0,12}"#,
    ) {
        assert_answered(&text);
    }

    #[test]
    fn a_damaged_quickstart_is_answered(at in any::<prop::sample::Index>(), cut in 0..40usize, put in "[\\PC\t\n]{0,3}") {
        let start = at.index(QUICKSTART.len());
        let end = QUICKSTART.len().min(start + cut);
        assert_answered(&[&QUICKSTART[..start], &put, &QUICKSTART[end..]].concat());
    }

    #[test]
    fn a_token_is_not_shown_however_damaged_the_rest_is(
        at in any::<prop::sample::Index>(), cut in 0..20usize, put in r#"[ \n:#"'{}\[\],&*!|>é-]{0,4}"#, below in any::<bool>(),
    ) {
        let above = "source:\n  type: http\n  auth:\n    strategy: bearer\n    token";
        let rest = "\n  max_connections: many\nsink:\n  type: stdout\n";
        let damaged = if below { rest } else { above };
        let start = at.index(damaged.len());
        let end = damaged.len().min(start + cut).saturating_sub(if below { 0 } else { "    token".len() }).max(start);
        let damaged = [&damaged[..start], &put, &damaged[end..]].concat();
        let text = if below { format!("{above}: s3cret{damaged}") } else { format!("{damaged}: s3cret{rest}") };
        let error = parse(&text).err().unwrap_or_default();
        prop_assert!(!error.contains("s3cret") || !text.contains("token: s3cret"), "{}\n{}", text, error);
    }
}
