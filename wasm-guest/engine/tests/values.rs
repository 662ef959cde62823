//! What counts as a value of a field and which tests it passes, as tables.

mod support;

use weir_engine::Detector;
use weir_engine::program::{Automaton, Case, Comparison, Condition, Folding, Number, Test};

use self::support::{Rules, equals, float, int, like, one_test};
use Case::{Insensitive, Sensitive};

fn matches(detector: &Detector, event: &str) -> bool {
    let report = detector.detect(event.as_bytes());
    assert!(report.malformed.is_empty(), "{event}");
    !report.findings.is_empty()
}

/// Each row: the values of the field `f` as JSON, and whether one of them passes `test`.
fn check(test: Test, rows: &[(&str, bool)]) {
    check_folded(Folding::Unicode, test, rows);
}

fn check_folded(folding: Folding, test: Test, rows: &[(&str, bool)]) {
    let detector = one_test("f", test.clone(), folding);
    for (value, expected) in rows {
        assert_eq!(matches(&detector, &format!(r#"{{"f":{value}}}"#)), *expected, "{test:?} on {value}");
    }
}

#[test]
fn every_spelling_of_a_name_is_one_field() {
    let detector = one_test("a.b.c", equals(&["x"], Sensitive), Folding::Unicode);
    for (event, expected) in [
        (r#"{"a":{"b":{"c":"x"}}}"#, true),
        (r#"{"a.b.c":"x"}"#, true),
        (r#"{"a.b":{"c":"x"}}"#, true),
        (r#"{"a":{"b.c":"x"}}"#, true),
        (r#"{"a":{"b":{"c":"y"}},"a.b.c":"x"}"#, true),
        (r#"{"a":{"b":{"c":"x"}},"a.b.c":"y"}"#, true),
        (r#"{"a":{"b":1,"b":{"c":"y","c":"x"}},"a":{}}"#, true),
        (r#"{"a":[{"b":{"c":"y"}},{"b":[[{"c":["x"]}]]}]}"#, true),
        (r#"{"\u0061":{"b\u002Ec":"x"}}"#, true),
        (r#"{"a":{"b":{"C":"x"}}}"#, false),
        (r#"{"a":{"b":"x"},"c":"x","b.c":"x"}"#, false),
        (r#"{"a.b.c.d":"x","a":{"b":{"c":{"d":"x"}}}}"#, false),
    ] {
        assert_eq!(matches(&detector, event), expected, "{event}");
    }
}

#[test]
fn a_field_exists_if_it_has_a_value() {
    let rows = [
        (r#""""#, true),
        ("0", true),
        ("false", true),
        ("[null,1]", true),
        ("[[],[1]]", true),
        ("null", false),
        ("[]", false),
        ("[null]", false),
        ("{}", false),
        (r#"{"g":1}"#, false),
        (r#"[{"g":1},{}]"#, false),
    ];
    check(Test::Exists, &rows);
    check(like(&["*"], Insensitive), &rows);
    check(like(&["*"], Sensitive), &rows);
}

#[test]
fn each_use_of_an_array_picks_its_own_value_and_a_negation_is_none_of() {
    let mut rules = Rules::default();
    let above = rules.when("pid", int(Comparison::Greater, 100));
    let below = rules.when("pid", int(Comparison::Less, 200));
    let end = rules.when("event.type", equals(&["end"], Sensitive));
    rules.add(Condition::All(vec![above, below]));
    rules.add(Condition::Not(Box::new(end)));
    let detector = rules.detector(Folding::Unicode);
    for (event, expected) in [
        (r#"{"pid":[50,300],"event":{"type":["start","end"]}}"#, &[0][..]),
        (r#"{"pid":[50],"event":{"type":["start"]}}"#, &[1]),
        (r#"{"pid":150}"#, &[0, 1]),
        ("{}", &[1]),
    ] {
        let findings = detector.detect(event.as_bytes()).findings;
        assert_eq!(findings.iter().map(|found| found.rule).collect::<Vec<_>>(), expected, "{event}");
    }
}

#[test]
fn equality_is_of_the_whole_text_and_knows_no_wildcards() {
    check(
        equals(&["docker", "5", "true", "d*", ""], Sensitive),
        &[
            (r#""docker""#, true),
            (r#""\u0064ocker""#, true),
            (r#"["x","docker"]"#, true),
            ("5", true),
            (r#""5""#, true),
            ("true", true),
            (r#""d*""#, true),
            (r#""""#, true),
            (r#""Docker""#, false),
            (r#""dockerd""#, false),
            ("5.0", false),
            ("5e0", false),
            ("false", false),
            ("null", false),
            (r#"{"docker":"docker"}"#, false),
        ],
    );
}

#[test]
fn case_folds_simply_in_values_and_in_rules() {
    let rows = |unicode| {
        [
            (r#""KUBELET""#, true),
            (r#""\u212Aubelet""#, unicode),
            ("\"\u{212A}UBELET\"", unicode),
            (r#""kubelet\u0000""#, false),
        ]
    };
    check_folded(Folding::Unicode, equals(&["kubelet"], Insensitive), &rows(true));
    check_folded(Folding::Unicode, equals(&["\u{212A}ubelet"], Insensitive), &rows(true));
    check_folded(Folding::Unicode, like(&["\u{212A}ube*t"], Insensitive), &rows(true));
    check_folded(Folding::Ascii, equals(&["KUBElet"], Insensitive), &rows(false));
    check_folded(Folding::Ascii, like(&["kUb?let"], Insensitive), &rows(false));
    check(
        equals(&["ſyſtem", "i", "ß"], Insensitive),
        &[
            (r#""SYSTEM""#, true),
            (r#""ẞ""#, true),
            (r#""I""#, true),
            (r#""ı""#, false),
            (r#""İ""#, false),
            (r#""SS""#, false),
        ],
    );
    check(equals(&["\u{212A}"], Sensitive), &[("\"\u{212A}\"", true), (r#""k""#, false), (r#""K""#, false)]);
}

#[test]
fn patterns_match_the_whole_value() {
    check(
        like(&["do?ker*", "5*", "tru?", r"C:\*", "?"], Insensitive),
        &[
            (r#""DOCKERD""#, true),
            (r#""do😀ker""#, true),
            (r#""do\ud83d\ude00ker""#, true),
            (r#""xdocker""#, false),
            (r#""doker""#, false),
            ("5.0", true),
            ("true", true),
            (r#""c:\\Windows\\*""#, true),
            (r#""C:*""#, false),
            (r#""é""#, true),
            (r#""e\u0301""#, false),
            (r#""\ud83d""#, true),
            (r#""""#, false),
        ],
    );
    check(like(&["Do*"], Sensitive), &[(r#""Docker""#, true), (r#""docker""#, false)]);
}

#[test]
fn text_has_the_order_of_its_code_points() {
    let order = |is, than: &str| Test::Order { is, than: than.to_owned() };
    check(
        order(Comparison::GreaterOrEqual, "1000"),
        &[
            (r#""1000""#, true),
            (r#""999""#, true),
            ("100", false),
            (r#""\ud83d\ude00""#, true),
            (r#""""#, false),
            ("true", true),
            ("null", false),
        ],
    );
    check(order(Comparison::Less, "\u{FFFD}"), &[(r#""\u00ff""#, true), (r#""\ud83d\ude00""#, false)]);
}

#[test]
fn an_automaton_reads_the_whole_value() {
    // `k` any number of times
    let next = vec![Automaton::NEVER, 0];
    let automaton = Automaton { runs: vec![(0, 0), (107, 1), (108, 0)], classes: 2, next, accepts: vec![true] };
    let rows =
        |any_case| [(r#""kk""#, true), (r#""""#, true), (r#""xk""#, false), (r#""k\u212AK""#, any_case), ("5", false)];
    check(Test::Regex { automaton: automaton.clone(), case: Sensitive }, &rows(false));
    check(Test::Regex { automaton, case: Insensitive }, &rows(true));
}

#[test]
fn numbers_compare_as_numbers_however_they_are_spelt() {
    check(
        int(Comparison::Equal, 5),
        &[
            ("5", true),
            ("5.0", true),
            ("50e-1", true),
            (r#""5""#, true),
            (r#""+5""#, true),
            (r#""05.0""#, true),
            (r#""5e0""#, true),
            (r#"" 5""#, false),
            (r#""5 ""#, false),
            (r#""0x5""#, false),
            (r#""5a""#, false),
            ("true", false),
            ("null", false),
        ],
    );
    check(float(Comparison::Equal, 0.0), &[("-0", true), ("-0.0", true), ("0", true), ("1e-400", true)]);
    check(float(Comparison::Equal, 5.5), &[("5.5", true), ("55e-1", true), ("5", false)]);
    check(
        Test::Number { is: Comparison::GreaterOrEqual, than: Number::Float(f64::NEG_INFINITY) },
        &[
            ("0", true),
            ("-1e400", true),
            (r#""""#, false),
            (r#""-""#, false),
            (r#"".""#, false),
            (r#""e5""#, false),
            (r#""inf""#, false),
            (r#""Infinity""#, false),
            (r#""NaN""#, false),
            (r#""１""#, false),
        ],
    );
}

#[test]
fn integers_of_64_bits_compare_exactly_and_larger_ones_as_doubles() {
    check(
        int(Comparison::Equal, i64::MAX),
        &[("9223372036854775807", true), ("9223372036854775806", false), ("9223372036854775808", true)],
    );
    check(int(Comparison::Equal, i64::MIN), &[("-9223372036854775808", true), ("-9223372036854775807", false)]);
    check(
        int(Comparison::Equal, 9_007_199_254_740_993),
        &[("9007199254740993", true), ("9007199254740992", false), ("9007199254740992.0", true)],
    );
    check(int(Comparison::Greater, 0), &[("18446744073709551615", true), ("1e400", true), ("-1e400", false)]);
}

#[test]
fn every_comparison_orders_its_own_way() {
    for (is, below, same, above) in [
        (Comparison::Equal, false, true, false),
        (Comparison::Less, true, false, false),
        (Comparison::LessOrEqual, true, true, false),
        (Comparison::Greater, false, false, true),
        (Comparison::GreaterOrEqual, false, true, true),
    ] {
        check(int(is, -1), &[("-2", below), ("-1", same), ("0", above), ("-1.5", below), ("-1.0", same)]);
        check(float(is, 1.5), &[("1", below), ("1.5", same), ("2", above)]);
    }
}

#[test]
fn booleans_are_words_or_texts_that_spell_them() {
    check(
        Test::Bool(true),
        &[("true", true), (r#""true""#, true), (r#""TRUE""#, false), ("1", false), ("false", false), (r#""""#, false)],
    );
    check(
        Test::Bool(false),
        &[("false", true), (r#""false""#, true), (r#""""#, true), ("0", false), ("null", false), ("true", false)],
    );
}
