//! What the config file accepts, and what a user reads when it is refused.
//!
//! Each `tests/config/NAME.yaml` is refused with the text in `NAME.stderr`; `UPDATE_GOLDEN=1` writes these texts, and
//! `configs/weir.schema.json`, anew.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use proptest::prelude::*;
use serde_json::Value;
use weir::config::{Config, Sink, Source, schema};

const QUICKSTART: &str = include_str!("../../configs/quickstart.yaml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("weir.yaml")).map_err(|error| error.to_string())
}

fn assert_golden(file: &Path, actual: &str) {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(file, actual).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(actual, expected, "{} is out of date; run again with UPDATE_GOLDEN=1", file.display());
}

/// The sections of the schema, each with its keys; a key of several variants has the schema of one of them.
fn sections() -> Vec<(String, serde_json::Map<String, Value>)> {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let sections = schema["properties"].as_object().unwrap().clone();
    let keys = |section: &Value| match section["oneOf"].as_array() {
        Some(variants) => variants.iter().flat_map(|one| one["properties"].as_object().unwrap().clone()).collect(),
        None => section["properties"].as_object().unwrap().clone(),
    };
    sections.iter().map(|(name, section)| (name.clone(), keys(section))).collect()
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
        assert_golden(&file.with_extension("stderr"), &(error + "\n"));
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
fn quickstart_shows_every_key_and_none_that_is_refused() {
    for (section, keys) in sections() {
        let written = QUICKSTART.split(&format!("\n{section}:\n")).nth(1).expect(&section);
        let written = written.split("\n\n# ").next().unwrap();
        for key in keys.keys() {
            let line = |line: &str| line.trim_start().trim_start_matches("# ").starts_with(&format!("{key}: "));
            assert!(written.lines().any(line), "quickstart.yaml doesn't show `{section}.{key}`");
        }
    }
    // In the comments, keys begin in lower case and sentences don't.
    let uncomment = |line: &str| match line.strip_prefix("  # ") {
        Some(key) if key.starts_with(char::is_lowercase) => format!("  {key}\n"),
        _ => format!("{line}\n"),
    };
    let all: String = QUICKSTART.lines().map(uncomment).collect();
    let config = parse(&all.replace("type: stdin", "type: file").replace("type: stdout", "type: file")).unwrap();
    assert_eq!(config.source, Source::File { path: "events.ndjson".into() });
    assert_eq!(config.detect.module, Some("detections.wasm".into()));
    assert_eq!(config.sink, Sink::File { path: "tagged.ndjson".into() });
}

#[test]
fn the_schema_file_is_up_to_date() {
    assert_golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/weir.schema.json"), &schema());
}

#[test]
fn the_schema_has_the_keys_that_are_accepted() {
    for (section, keys) in sections() {
        let error = parse(&format!("{section}: {{qqqqqqqqqq: 1}}")).unwrap_err();
        let (_, accepted) = error.split_once("use one of ").expect(&error);
        assert_eq!(quoted(accepted), keys.keys().map(String::as_str).collect(), "{section}");
    }
}

#[test]
fn the_schema_has_the_bounds_that_are_checked() {
    let mut numbers = 0;
    for (section, keys) in sections() {
        for (key, rule) in keys.iter().filter(|(_, rule)| rule["maximum"].is_u64()) {
            let (least, most) = (rule["minimum"].as_u64().unwrap(), rule["maximum"].as_u64().unwrap());
            let remedy = format!("write a whole number from {least} to {most}");
            for outside in [least - 1, most + 1] {
                let error = parse(&format!("{section}: {{{key}: {outside}}}")).unwrap_err();
                assert!(error.contains(&remedy), "{error}");
            }
            for inside in [least, most] {
                let refused = parse(&format!("{section}: {{{key}: {inside}}}")).err().unwrap_or_default();
                assert!(!refused.contains(&remedy), "{refused}");
            }
            numbers += 1;
        }
    }
    assert_eq!(numbers, 5);
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
        text in r#"((source|detect|sink|type|path|workers|x|é|~|1|-1|:|: |- |\? |\[|\]|\{|\}|"|'|#|&a|\*a|!t|\||>|---|\t|\r|\n|\n  ){1,2}){0,12}"#,
    ) {
        assert_answered(&text);
    }

    #[test]
    fn a_damaged_quickstart_is_answered(at in any::<prop::sample::Index>(), cut in 0..40usize, put in "[\\PC\t\n]{0,3}") {
        let start = at.index(QUICKSTART.len());
        let end = QUICKSTART.len().min(start + cut);
        assert_answered(&[&QUICKSTART[..start], &put, &QUICKSTART[end..]].concat());
    }
}
