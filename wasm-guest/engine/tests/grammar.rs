//! What is JSON and what is malformed, at the limits of both.

mod support;

use weir_engine::program::{Case, Comparison, Condition, Folding, Test};
use weir_engine::{Detector, Finding, MAX_DEPTH, Report};

use self::support::{Rules, equals, int, like, validating};

#[derive(Debug, PartialEq)]
enum Verdict {
    Match,
    Clean,
    Malformed,
}
use Verdict::{Clean, Malformed, Match};

/// A detector with one rule, which reads every line to its end: a value of `field` passes `test`.
fn one_test(field: &str, test: Test) -> Detector {
    let mut rules = Rules::default();
    let condition = rules.when(field, test);
    rules.add(condition);
    validating(rules.program(Folding::Unicode))
}

/// Judges one line with one rule: `a` is 1.
fn judge(event: &[u8]) -> Verdict {
    judge_with(&one_test("a", equals(&["1"], Case::Sensitive)), event)
}

fn judge_with(detector: &Detector, event: &[u8]) -> Verdict {
    let Report { findings, malformed } = detector.detect(event);
    match (findings.as_slice(), malformed.as_slice()) {
        ([Finding { event: 0, rule: 0, exception: None }], []) => Match,
        ([], []) => Clean,
        ([], [0]) => Malformed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_whole_object_is_an_event() {
    for (event, expected) in [
        (r#"{"a":1}"#, Match),
        (" \t\r{ \t\r\"a\" \t\r: \t\r1 \t\r} \t\r", Match),
        ("{\"a\":1}\r", Match),
        (r#"{"a":[[1]]}"#, Match),
        (r#"{}"#, Clean),
        (r#"{"a":{}}"#, Clean),
        (r#"{"a":1"#, Malformed),
        (r#"{"a":"#, Malformed),
        (r#"{"a""#, Malformed),
        (r#"{"a"#, Malformed),
        (r#"{"#, Malformed),
        (r#"{"a":1}}"#, Malformed),
        (r#"{"a":1} x"#, Malformed),
        (r#"{"a":1}{"a":1}"#, Malformed),
        (r#"{"a":1} {"a":1}"#, Malformed),
        (r#"{"a":1},"#, Malformed),
        (r#"{"a":1,}"#, Malformed),
        (r#"{,"a":1}"#, Malformed),
        (r#"{"a":1,,"b":1}"#, Malformed),
        (r#"{"a":1 "b":1}"#, Malformed),
        (r#"{"a":1:"b"}"#, Malformed),
        (r#"{"a",1}"#, Malformed),
        (r#"{"a"}"#, Malformed),
        (r#"{"a":}"#, Malformed),
        (r#"{a:1}"#, Malformed),
        (r#"{'a':1}"#, Malformed),
        (r#"{1:1}"#, Malformed),
        (r#"{"a":[1,]}"#, Malformed),
        (r#"{"a":[,1]}"#, Malformed),
        (r#"{"a":[1 1]}"#, Malformed),
        (r#"{"a":[1}]"#, Malformed),
        (r#"{"a":[1}"#, Malformed),
        (r#"{"a":[1:1]}"#, Malformed),
        (r#"{"a":1]"#, Malformed),
        (r#"{"a":1/**/}"#, Malformed),
        (r#"[{"a":1}]"#, Malformed),
        (r#""a""#, Malformed),
        ("1", Malformed),
        ("null", Malformed),
        ("}", Malformed),
        ("\u{FEFF}{\"a\":1}", Malformed),
        ("\0", Malformed),
        ("{\"a\":1}\0", Malformed),
        ("{\0\"a\":1}", Malformed),
        ("{\"a\":1}\u{c}", Malformed),
        ("\u{a0}{\"a\":1}", Malformed),
    ] {
        assert_eq!(judge(event.as_bytes()), expected, "{event:?}");
    }
}

#[test]
fn scalars_are_spelt_strictly() {
    for value in [
        "0",
        "-0",
        "0.0",
        "1e5",
        "1E+5",
        "1e-05",
        "1e400",
        "true",
        "null",
        r#""""#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        r#""\ud83d""#,
        r#""\ude00\ud83d""#,
        "\"\u{7f}\u{2028}\"",
    ] {
        assert_eq!(judge(format!(r#"{{"x":{value},"a":1}}"#).as_bytes()), Match, "{value}");
        assert_eq!(judge(format!(r#"{{"a":[{value},1]}}"#).as_bytes()), Match, "{value}");
    }
    for value in [
        "00",
        "01",
        "-",
        "-01",
        "+1",
        "1.",
        ".1",
        "1.e5",
        "1e",
        "1e+",
        "0x5",
        "1_0",
        "Infinity",
        "NaN",
        "tru",
        "truex",
        "True",
        "nul",
        "nullx",
        "undefined",
        "'x'",
        "\"",
        r#""\""#,
        r#""\x""#,
        r#""\u12""#,
        r#""\u12G4""#,
        r#""\u+123""#,
        r#""\U0041""#,
        "\"\t\"",
        "\"\0\"",
        "\"\u{1f}\"",
        "\"0123456789\u{1f}0123456789\"",
    ] {
        assert_eq!(judge(format!(r#"{{"x":{value},"a":1}}"#).as_bytes()), Malformed, "{value:?}");
        assert_eq!(judge(format!(r#"{{"a":[{value},1]}}"#).as_bytes()), Malformed, "{value:?}");
        assert_eq!(judge(format!(r#"{{"a":1,"x":{value}"#).as_bytes()), Malformed, "{value:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_malformed_wherever_they_stand() {
    for bytes in [&b"\xff"[..], b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98"] {
        for (before, after) in [
            (r#"{"a":1,"x":""#, r#""}"#),
            (r#"{"a":1,"x":"0123456789abcdef\n"#, r#"0123456789abcdef"}"#),
            (r#"{"a":1,""#, r#"":0}"#),
            (r#"{"a":1,"a":""#, r#""}"#),
            (r#"{"a":1,"a":"\n"#, r#""}"#),
            (r#"{"a":1"#, "}"),
        ] {
            let event = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(judge(&event), Malformed, "{}", String::from_utf8_lossy(&event));
        }
    }
}

#[test]
fn nesting_ends_where_that_of_serde_json_does() {
    let array = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let object = |depth: usize| format!(r#"{}"a":1{}"#, r#"{"x":"#.repeat(depth - 1) + "{", "}".repeat(depth));
    let unclosed = |depth: usize| r#"{"x":["#.repeat(depth);
    assert_eq!(judge(array(MAX_DEPTH).as_bytes()), Match);
    assert_eq!(judge(array(MAX_DEPTH + 1).as_bytes()), Malformed);
    assert_eq!(judge(object(MAX_DEPTH).as_bytes()), Clean);
    assert_eq!(judge(object(MAX_DEPTH + 1).as_bytes()), Malformed);
    assert_eq!(judge(unclosed(1_000_000).as_bytes()), Malformed);
    for depth in [MAX_DEPTH, MAX_DEPTH + 1] {
        let theirs = serde_json::from_str::<serde_json::Value>(&array(depth));
        assert_eq!(theirs.is_ok(), depth == MAX_DEPTH, "{depth}");
    }
}

#[test]
fn keys_may_be_spelt_with_escapes() {
    let controls: String = (0..0x20).map(|code: u8| char::from(code)).collect();
    let key = format!("é\"\\/{controls}😀.name");
    let detector = one_test(&key, Test::Exists);
    let spell = |key: &str| key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    let plain = serde_json::to_string(&key).unwrap();
    let short = r#""\u00E9\"\\\/"#.to_owned() + &spell(&controls)[..] + r#"\ud83d\uDE00.name""#;
    for spelling in [plain, short, format!("\"{}\"", spell(&key))] {
        assert_eq!(judge_with(&detector, format!("{{{spelling}:1}}").as_bytes()), Match, "{spelling}");
        assert_eq!(judge_with(&detector, format!("{{\"x\":{{{spelling}:1}}}}").as_bytes()), Clean, "{spelling}");
    }
}

#[test]
fn very_long_keys_and_strings_are_judged_like_short_ones() {
    const LONG: usize = 16 << 20;
    let plain = "x".repeat(LONG);
    let escaped = r"\u0041".repeat(LONG / 6);
    for long in [&plain, &escaped] {
        assert_eq!(judge(format!(r#"{{"{long}":1,"a":1}}"#).as_bytes()), Match);
        assert_eq!(judge(format!(r#"{{"a{long}":1}}"#).as_bytes()), Clean);
        assert_eq!(judge(format!(r#"{{"a":["{long}",1]}}"#).as_bytes()), Match);
        assert_eq!(judge(format!(r#"{{"a":"{long}","a":1,}}"#).as_bytes()), Malformed);
        assert_eq!(judge(format!(r#"{{"a":"{long}"#).as_bytes()), Malformed);
        let ends_alike = one_test("a", like(&["*x", "*a"], Case::Insensitive));
        assert_eq!(judge_with(&ends_alike, format!(r#"{{"a":"{long}"}}"#).as_bytes()), Match);
    }
    let long_field = one_test(&plain, equals(&[&plain], Case::Insensitive));
    assert_eq!(judge_with(&long_field, format!(r#"{{"{plain}":"{}"}}"#, "X".repeat(LONG)).as_bytes()), Match);
    assert_eq!(judge_with(&long_field, format!(r#"{{"{plain}":"{plain}y"}}"#).as_bytes()), Clean);
}

#[test]
fn very_long_numbers_and_arrays_are_judged_like_short_ones() {
    let digits = "9".repeat(1 << 20);
    let positive = one_test("a", int(Comparison::Greater, i64::MAX));
    assert_eq!(judge_with(&positive, format!(r#"{{"a":{digits}}}"#).as_bytes()), Match);
    assert_eq!(judge_with(&positive, format!(r#"{{"a":-{digits}}}"#).as_bytes()), Clean);
    let elements = r#""x",2,null,[],{},"#.repeat(200_000);
    assert_eq!(judge(format!(r#"{{"a":[{elements}1]}}"#).as_bytes()), Match);
    assert_eq!(judge(format!(r#"{{"a":[{elements}0]}}"#).as_bytes()), Clean);
    assert_eq!(judge(format!(r#"{{"a":[{elements}]}}"#).as_bytes()), Malformed);
}

#[test]
fn blank_lines_are_no_events_but_count() {
    let detector = one_test("a", equals(&["1"], Case::Sensitive));
    let batch = b"\n{\"a\":1}\r\n \t\r\n{\"a\":2}\n{\"a\":1\n}\n\n{\"a\":1}\n\n";
    let found = |event| Finding { event, rule: 0, exception: None };
    assert_eq!(detector.detect(batch), Report { findings: vec![found(1), found(7)], malformed: vec![4, 5] });
    assert_eq!(detector.detect(b""), Report::default());
}

#[test]
fn a_malformed_event_leaves_nothing_behind_for_the_next() {
    let mut rules = Rules::default();
    let both = ["a", "b"].map(|field| rules.when(field, Test::Exists));
    rules.add(Condition::All(both.to_vec()));
    let detector = validating(rules.program(Folding::Unicode));
    let report = detector.detect(b"{\"a\":1,\n{\"b\":1}\n{\"a\":1}\n{\"b\":1}\n");
    assert_eq!(report, Report { findings: vec![], malformed: vec![0] });
}
