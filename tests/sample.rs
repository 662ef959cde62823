//! Holds configs/sample.ndjson to what `gen-events` makes, and `gen-events` to its usage.

use std::fs;
use std::process::{Command, Output};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/sample.ndjson");

#[test]
fn the_bundled_sample_is_what_the_generator_makes() {
    let generated = gen_events(&["2000", "1609"]);
    let committed = fs::read(SAMPLE).expect("configs/sample.ndjson is part of the repository");
    assert!(generated.status.success());
    assert!(
        generated.stdout == committed,
        "configs/sample.ndjson is out of date; from the repository's root run \
         `cargo run -p weir-tests --bin gen-events -- 2000 1609 > configs/sample.ndjson`"
    );
}

#[test]
fn a_wrong_argument_is_named_above_the_usage() {
    for (args, problem) in [
        (&[][..], "takes two or three arguments, got 0"),
        (&["1", "2", "plain", "4"], "takes two or three arguments, got 4"),
        (&["many", "1609"], "COUNT must be a whole number, got `many`"),
        (&["10", "-1"], "SEED must be a whole number, got `-1`"),
        (&["10", "1609", "round"], "no shape is called `round`"),
    ] {
        let output = gen_events(args);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(message.starts_with(&format!("gen-events: {problem}\nusage: gen-events COUNT SEED")), "{message}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

fn gen_events(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen-events")).args(args).output().expect("gen-events is built with this test")
}
