//! The filter for Fluent Bit, in interpreters in the place of Fluent Bit's own: it tags as `weir run` does, and never traps.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

#[path = "fluent_bit/host.rs"]
mod host;
#[path = "fluent_bit/interpreters.rs"]
mod interpreters;
#[path = "fluent_bit/stock.rs"]
mod stock;

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use weir::harness::Harness;
use weir::rules::{self, RuleSet};
use weir_eql::{ExceptionFile, RuleFile};
use weir_tests::generate::{Shape, events};

use host::{Dropped, Host};
use interpreters::hosts;

/// One set of rules, as the detector of `weir run` and as filters.
struct Both {
    detector: Harness,
    filters: [(&'static str, Host); 2],
}

impl Both {
    fn of(set: &RuleSet) -> Self {
        let detector = Harness::load("detector", &rules::build(set).unwrap()).unwrap();
        Self { detector, filters: hosts(&filter(set)) }
    }

    /// Is the record that the filters answer the event that `weir run` writes?
    fn compare(&mut self, record: &str) {
        let expected = self.detector.run_one(record.to_owned().into()).event;
        for (runtime, filter) in &mut self.filters {
            let answer = filter.filter(record.as_bytes()).unwrap_or_else(|why| panic!("{runtime}: {why:?}: {record}"));
            assert_eq!(String::from_utf8_lossy(&answer), String::from_utf8_lossy(&expected), "{runtime}");
        }
    }
}

fn filter(set: &RuleSet) -> Vec<u8> {
    rules::build_for(rules::Host::FluentBit, set).unwrap()
}

/// The shipped rules, with exceptions and mappings.
fn shipped() -> RuleSet {
    let exceptions = r#"
        [[exceptions]]
        name = "Builds"
        comment = "They call docker"
        rules = "all"
        condition = 'container.id : "*0"'

        [[exceptions]]
        name = "Half of the rest"
        comment = "To see that the first exception is the one that is told"
        rules = "all"
        condition = 'container.id : ("*0", "*2", "*4", "*6")'
    "#;
    let exceptions = vec![ExceptionFile::parse("known.exceptions.toml", exceptions).unwrap()];
    let mappings = rules::read_mappings(&["falco".into(), "tetragon".into()]).unwrap();
    RuleSet { exceptions, mappings, ..rules::all_shipped().unwrap() }
}

#[test]
fn generated_events_get_the_tag_that_weir_run_gives() {
    let mut both = Both::of(&shipped());
    for event in events(Shape::Plain, 1609, 1_000).chain(events(Shape::Enriched, 7, 200)) {
        both.compare(&event.json);
    }
}

#[test]
fn elasticsearchs_verdicts_get_the_tag_that_weir_run_gives() {
    let vectors: Vec<Value> =
        include_str!("data/vectors.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rule = |(number, vector): (usize, &Value)| {
        let query = vector["query"].as_str().unwrap();
        let text = format!(
            "[rule]\nname = 'Vector {number}'\nrule_id = '{number}'\nseverity = 'low'\nrisk_score = 21\ntype = 'eql'\n\
             language = 'eql'\nquery = '''\n{query}\n'''\n"
        );
        RuleFile::parse(format!("vector-{number}.toml"), &text).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
    };
    let rules = vectors.iter().enumerate().map(rule).collect();
    let mut both = Both::of(&RuleSet { rules, ..RuleSet::default() });
    for vector in &vectors {
        both.compare(&vector["event"].to_string());
    }
}

#[test]
fn real_events_get_the_tag_that_weir_run_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/real");
    let Ok(files) = fs::read_dir(&folder) else {
        return eprintln!("skipped: {} isn't there", folder.display());
    };
    let mut both = Both::of(&shipped());
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|it| it != "md")) {
        for line in fs::read_to_string(file).unwrap().lines() {
            both.compare(line);
            both.compare(
                &line.replace(r#"bash""#, r#"docker""#).replace("/usr/local/bin/local-path-provisioner", "kubectl"),
            );
        }
    }
}

/// An event that matches a shipped rule.
const MATCHING: &str = r#"{"event":{"category":"process","type":"start"},"process":{"name":"docker","args":["a","b"]},"container":{"id":"c1"}}"#;

#[test]
fn hostile_records_come_back_marked_or_as_they_are() {
    let mut both = Both::of(&shipped());
    let inside = |inner: &str| MATCHING.replace(r#""a""#, inner);
    let nested = |depth: usize| inside(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    for record in [
        "{}",
        " ",
        "null",
        "1",
        "\"text\"",
        "[]",
        "[{}]",
        "{}{}",
        "{} {}",
        "{",
        "}",
        r#"{"a""#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "not JSON",
        "\u{1}",
        "{\"a\":\"\u{1}\"}",
        r#"{"a":"\u0000"}"#,
        r#"{"\u0000":1}"#,
        r#"{"a":01}"#,
        r#"{"a":1e999999999}"#,
        r#"{"weir":7}"#,
        r#"{"weir":{"unjudged":"before"}}"#,
    ] {
        both.compare(record);
    }
    for depth in [1, 124, 125, 126, 1_000, 100_000] {
        both.compare(&nested(depth));
        both.compare(&nested(depth).replace(']', ""));
        both.compare(&inside(&r#"{"a":"#.repeat(depth)));
    }
    for many in [
        inside("\"\\n\"").replace("\"\\n\"", &vec![r#""\n""#; 50_000].join(",")),
        inside(&vec!["1"; 100_000].join(",")),
    ] {
        both.compare(&many);
        both.compare(&many.replace("docker", "sh"));
    }
    let tags = MATCHING.replacen('{', &format!(r#"{{"tags":[{}],"#, vec![r#""\u0054""#; 50_000].join(",")), 1);
    both.compare(&tags);
}

#[test]
fn records_of_any_size_come_back_and_leave_no_memory_behind() {
    for (runtime, mut filter) in hosts(&filter(&shipped())) {
        let padded =
            |len: usize| MATCHING.replace(r#""a""#, &format!("\"{}\"", "é".repeat((len - MATCHING.len()) / 2 + 1)));
        let told = |answer: Result<Vec<u8>, Dropped>| -> Value { serde_json::from_slice(&answer.unwrap()).unwrap() };
        for (len, matches, unjudged) in [
            (200_000, 1, Value::Null),
            ((1 << 20) - 100, 1, Value::Null),
            ((1 << 20) + 100, 0, "too_large".into()),
            ((4 << 20) - 100, 0, "too_large".into()),
        ] {
            let answer = told(filter.filter(padded(len).as_bytes()));
            let found = answer["weir"]["matches"].as_array().map_or(0, Vec::len);
            assert_eq!((found, &answer["weir"]["unjudged"]), (matches, &unjudged), "{runtime}, {len} bytes");
        }
        for len in [(4 << 20) + 100, 8 << 20] {
            let record = padded(len);
            assert_eq!(filter.filter(record.as_bytes()).unwrap(), record.as_bytes(), "{runtime}, {len} bytes");
        }
        let before = filter.runtime.memory_len();
        assert!(before <= 64 << 20, "{runtime} has {before} bytes");
        for len in [200_000, 1 << 20, 4 << 20, 8 << 20] {
            filter.filter(padded(len).as_bytes()).unwrap();
        }
        assert_eq!(filter.runtime.memory_len(), before, "{runtime}");
    }
}

#[test]
fn without_memory_every_record_that_reaches_the_filter_still_comes_back() {
    for (runtime, mut filter) in hosts(&filter(&shipped())) {
        let tagged = filter.filter(MATCHING.as_bytes()).unwrap();
        let mut hoard = Vec::new();
        let mut large = 0;
        for size in [1 << 20, 1 << 10, 1] {
            large = hoard.len();
            while let block @ 1.. = filter.duplicate(&vec![b' '; size]) {
                hoard.push(block);
            }
        }
        assert!(filter.runtime.memory_len() <= 64 << 20);
        // A record for which there was no room is gone, but what stands for it says so.
        let lost = br#"{"weir":{"unjudged":"memory"}}"#;
        assert_eq!(filter.filter(MATCHING.as_bytes()).unwrap(), lost, "{runtime}");
        // Room for the record, but none to judge it in.
        hoard.drain(large - 2..large).for_each(|block| filter.free(block));
        let answer = filter.filter(MATCHING.as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), MATCHING, "{runtime}");
        hoard.into_iter().for_each(|block| filter.free(block));
        assert_eq!(filter.filter(MATCHING.as_bytes()).unwrap(), tagged, "{runtime}");
    }
}

#[test]
fn whatever_the_arguments_the_filter_answers_and_goes_on() {
    for (runtime, mut filter) in hosts(&filter(&shipped())) {
        let record = filter.duplicate(MATCHING.as_bytes()) as i32;
        let len = MATCHING.len() as i32;
        let tagged = filter.call(&[0, 0, 0, 0, record, len]).unwrap();
        assert!(tagged.len() > MATCHING.len());
        for (arguments, expected) in [
            ([0, -1, -1, -1, record, -1], Ok(MATCHING)),
            ([0, 0, 0, 0, record, 0], Ok(MATCHING)),
            ([0, 0, 0, 0, record, i32::MAX], Ok(MATCHING)),
            ([0, 0, 0, 0, -1, len], Err(Dropped::InvalidPointer(u32::MAX as usize))),
            ([0, 0, 0, 0, 0, len], Ok(r#"{"weir":{"unjudged":"memory"}}"#)),
            ([0, 0, 0, 0, 0, 0], Ok(r#"{"weir":{"unjudged":"memory"}}"#)),
        ] {
            let answer = filter.call(&arguments).map(|answer| String::from_utf8(answer).unwrap());
            assert_eq!(answer, expected.map(str::to_owned), "{runtime}: {arguments:?}");
        }
        assert_eq!(filter.call(&[0, 0, 0, 0, record, len]).unwrap(), tagged, "{runtime}");
    }
}

/// How many records pass in a row: a million takes an optimised interpreter half a minute.
const RECORDS: usize = 100_000;

#[test]
fn any_number_of_records_pass_in_the_same_memory() {
    let records = std::env::var("WEIR_RECORDS").map_or(RECORDS, |count| count.parse().unwrap());
    let module = filter(&shipped());
    for ((runtime, mut filter), records) in hosts(&module).into_iter().zip([records, records / 10]) {
        let kinds = [MATCHING, &MATCHING.replace("docker", "sh"), "{", &MATCHING.replace("c1", "c0"), "{}"];
        let mut answers = Vec::new();
        for kind in kinds {
            answers.push(filter.filter(kind.as_bytes()).unwrap());
        }
        // Where blocks lie settles within some rounds.
        kinds.iter().cycle().take(1_000).for_each(|kind| drop(filter.filter(kind.as_bytes())));
        let before = filter.runtime.memory_len();
        for number in 0..records {
            let kind = number % kinds.len();
            assert_eq!(filter.filter(kinds[kind].as_bytes()).unwrap(), answers[kind], "{runtime}, record {number}");
        }
        assert_eq!(filter.runtime.memory_len(), before, "{runtime}");
    }
}

#[test]
fn changed_events_get_what_weir_run_gives_or_come_back() {
    let both = RefCell::new(Both::of(&shipped()));
    let changes =
        prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}\":,\\\\0-9a-zé\u{1}]{0,3}", 0..9_usize), 0..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(0..20_usize, changes), |(number, changes)| {
            let mut record = events(Shape::Plain, 4, number + 1).last().unwrap().json;
            for (place, text, gone) in changes {
                let starts: Vec<usize> = record.char_indices().map(|(at, _)| at).collect();
                let start = *place.get(&starts);
                let end = record[start..].char_indices().nth(gone).map_or(record.len(), |(at, _)| start + at);
                record.replace_range(start..end, &text);
                if record.is_empty() {
                    record.push(' ');
                }
            }
            both.borrow_mut().compare(&record);
            Ok(())
        })
        .unwrap();
}
