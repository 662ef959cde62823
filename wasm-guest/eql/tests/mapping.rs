//! What mappings make of queries.

mod support;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::HEAD;
use weir_engine::Detector;
use weir_engine::program::{Folding, Program};
use weir_eql::{ExceptionFile, Mapping, RuleFile, compile, compile_mapped};

const MAPPING: &str = r#"
[fields]
"process.name" = [{ from = "binary", after_last = "/" }, "comm"]
"process.args" = { from = "args", words = true }
"process.pid" = "pid"
"process.command_line" = { from = ["binary", "args"], join = " " }
"container.id" = { from = "container", none = ["host", ""], after_last = "://" }

[values]
"event.type" = [{ value = "start", when = 'kind == "exec"' }, { value = "end", when = 'kind : "*exit"' }]
"event.category" = { value = "process", when = "kind != null" }
"process.interactive" = { value = true, when = "tty > 0" }
"process.exit_code" = { value = 7, when = 'kind == "crash"' }
"#;

fn rule(query: &str) -> RuleFile {
    let rule = RuleFile::parse("rule.toml", &format!("{HEAD}\nquery = '''{query}'''\n"));
    rule.unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn mapping(text: &str) -> Mapping {
    Mapping::parse("mapping.toml", text, Folding::Unicode).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn mapped(query: &str, mappings: &[Mapping]) -> Program {
    let program = compile_mapped(&[rule(query)], &[], mappings, Folding::Unicode);
    program.unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn matches(program: &Program, event: &str) -> bool {
    let report = Detector::new(program.clone()).expect("a sound program").detect(event.as_bytes());
    assert!(report.malformed.is_empty(), "{event}");
    !report.findings.is_empty()
}

#[track_caller]
fn check(rows: &[(&str, &str, bool)]) {
    let mappings = [mapping(MAPPING)];
    for (query, event, expected) in rows {
        assert_eq!(matches(&mapped(query, &mappings), event), *expected, "{query} on {event}");
    }
}

#[test]
fn a_field_has_the_values_of_its_sources() {
    check(&[
        (r#"any where process.name : "NC""#, r#"{"binary":"/bin/nc"}"#, true),
        (r#"any where process.name : "nc""#, r#"{"comm":["sh","nc"]}"#, true),
        (r#"any where process.name : "/bin/nc""#, r#"{"binary":"/bin/nc"}"#, false),
        (r#"any where process.name == "nc""#, r#"{"process":{"name":"nc"},"comm":"x"}"#, true),
        (r#"any where process.name != null"#, r#"{"comm":""}"#, true),
        (r#"any where process.pid >= 7"#, r#"{"pid":7}"#, true),
        (r#"any where process.pid >= 7"#, r#"{"pid":[6,"6.5"]}"#, false),
    ]);
}

#[test]
fn a_negation_means_all_of_them() {
    let query = r#"any where process.name != "nc""#;
    check(&[
        (query, r#"{"binary":"/bin/nc"}"#, false),
        (query, r#"{"process.name":"sh","comm":"nc"}"#, false),
        (query, r#"{"process.name":"sh","comm":"cat"}"#, true),
        (query, "{}", true),
        ("any where process.name == null", r#"{"comm":"nc"}"#, false),
        ("any where process.name == null", r#"{"args":"nc"}"#, true),
    ]);
}

#[test]
fn what_stands_for_none_and_marks_are_left_out() {
    let exists = r#"any where container.id : "*""#;
    check(&[
        (exists, r#"{"container":"host"}"#, false),
        (exists, r#"{"container":""}"#, false),
        (exists, r#"{"container":["host","docker://c1"]}"#, true),
        (r#"any where container.id == "c1""#, r#"{"container":"containerd://c1"}"#, true),
        (r#"any where container.id == "c1""#, r#"{"container":"c1"}"#, true),
        // Beside a value, they aren't the lack of one.
        ("any where length(container.id) == null", r#"{"container":["host","docker://c1"]}"#, false),
        ("any where length(container.id) == 2", r#"{"container":["host","docker://c1"]}"#, true),
        ("any where length(container.id) == null", r#"{"container":"host"}"#, true),
        ("any where length(container.id) == null", r#"{"container":["host",""],"container.id":"c1"}"#, false),
        // The field's own values are as they are.
        (exists, r#"{"container.id":""}"#, true),
    ]);
}

#[test]
fn words_and_joined_fields_are_values() {
    check(&[
        (r#"any where process.args : "-l*""#, r#"{"args":"-v  -lp 4444"}"#, true),
        (r#"any where process.args regex "-[a-z]*p""#, r#"{"args":"-v -lp"}"#, true),
        (r#"any where process.args : "-v -lp""#, r#"{"args":"-v -lp"}"#, false),
        (r#"any where process.args == null"#, r#"{"args":" "}"#, true),
        (r#"any where process.command_line == "/bin/nc -v -lp""#, r#"{"binary":"/bin/nc","args":"-v -lp"}"#, true),
        (r#"any where process.command_line != null"#, r#"{"binary":"/bin/nc"}"#, false),
    ]);
}

#[test]
fn a_value_is_there_when_its_condition_holds() {
    check(&[
        (r#"process where event.type == "start""#, r#"{"kind":"exec"}"#, true),
        (r#"process where event.type == "start""#, r#"{"kind":"exit"}"#, false),
        (r#"process where event.type : ("END", "x*")"#, r#"{"kind":"sys_exit"}"#, true),
        (r#"file where event.type == "start""#, r#"{"kind":"exec","event.category":"file"}"#, true),
        (r#"any where event.type != "start""#, r#"{"kind":"exec","event.type":"info"}"#, false),
        (r#"any where event.type == null"#, r#"{"kind":"fork"}"#, true),
        (r#"any where event.type == null"#, r#"{"kind":"exec"}"#, false),
        (r#"any where process.interactive == true"#, r#"{"tty":34816}"#, true),
        (r#"any where process.interactive == true"#, r#"{"tty":0}"#, false),
        (r#"any where process.exit_code > 6 and process.exit_code <= 7"#, r#"{"kind":"crash"}"#, true),
    ]);
}

#[test]
fn calculations_take_each_value_wherever_it_is_from() {
    let joined = r#"any where concat(process.name, "-", event.type) == "nc-start""#;
    check(&[
        (joined, r#"{"binary":"/bin/nc","kind":"exec"}"#, true),
        (joined, r#"{"comm":"nc","kind":"exec"}"#, true),
        (joined, r#"{"process.name":"nc","event.type":["end","start"]}"#, true),
        (joined, r#"{"comm":"nc","kind":"exit"}"#, false),
        (r#"any where length(process.name) == 2"#, r#"{"binary":"/bin/nc"}"#, true),
        (r#"any where length(process.name) == null"#, r#"{"binary":"/bin/nc"}"#, false),
        (r#"any where length(process.name) == null"#, r#"{"args":"x"}"#, true),
        (r#"any where length(event.type) == 5"#, r#"{"kind":"exec"}"#, true),
        (r#"any where length(event.type) == 5"#, r#"{"kind":"exit"}"#, false),
        (r#"any where startsWith(process.name, "n")"#, r#"{"comm":"nc"}"#, true),
        (r#"any where process.pid + 1 == 8"#, r#"{"pid":7}"#, true),
        (r#"any where (process.pid > 5) == true"#, r#"{"pid":7}"#, true),
        // Words have no place in a calculation.
        (r#"any where length(process.args) > 0"#, r#"{"args":"x"}"#, false),
        (r#"any where length(process.args) == null"#, r#"{"args":"x"}"#, true),
    ]);
}

#[test]
fn several_mappings_add_up_and_do_not_feed_each_other() {
    let mappings = [mapping("[fields]\n'a' = 'b'"), mapping("[fields]\n'a' = 'c'\n'b' = 'd'")];
    let program = mapped("any where a == 1", &mappings);
    for (event, expected) in [(r#"{"a":1}"#, true), (r#"{"b":1}"#, true), (r#"{"c":1}"#, true), (r#"{"d":1}"#, false)] {
        assert_eq!(matches(&program, event), expected, "{event}");
    }
}

#[test]
fn exceptions_see_mapped_fields_as_rules_do() {
    let entry = "[[exceptions]]\nname = 'a'\ncomment = 'b'\nrules = 'all'\ncondition = 'process.args == \"-l\"'";
    let exceptions = [ExceptionFile::parse("x.exceptions.toml", entry).expect("sound exceptions")];
    let program = compile_mapped(&[rule("any where true")], &exceptions, &[mapping(MAPPING)], Folding::Unicode);
    let detector = Detector::new(program.expect("sound")).expect("a sound program");
    for (event, expected) in [(r#"{"args":"nc -l"}"#, Some(0)), (r#"{"args":"nc -lp"}"#, None)] {
        assert_eq!(detector.detect(event.as_bytes()).findings[0].exception, expected, "{event}");
    }
}

#[test]
fn the_program_reads_the_sources_and_without_a_mapping_there_is_no_trace() {
    let query = r#"process where process.name == "nc" and user.name == "root""#;
    let program = mapped(query, &[mapping(MAPPING)]);
    assert_eq!(program.fields, ["binary", "comm", "event.category", "kind", "process.name", "user.name"]);
    let plain = compile(&[rule(query)], Folding::Unicode).expect("a valid rule");
    assert_eq!(mapped(query, &[]), plain);
    assert_eq!(mapped(query, &[mapping("[fields]\n'x' = 'y'")]), plain);
}

#[test]
fn a_calculation_with_too_many_origins_is_refused() {
    let fields: Vec<_> = (0..10).map(|field| format!("f{field}")).collect();
    let lines: Vec<_> = fields.iter().map(|field| format!("{field} = 's{field}'\n")).collect();
    let query = format!("any where concat({}) == 'x'", fields.join(", ")).replace('\'', "\"");
    let mappings = [mapping(&format!("[fields]\n{}", lines.concat()))];
    let problems = compile_mapped(&[rule(&query)], &[], &mappings, Folding::Unicode).expect_err("too many");
    assert!(problems[0].message().starts_with("a mapping gives a calculation in this query more than 1000 ways"));
}

#[test]
fn the_mappings_that_weir_ships_are_valid() {
    for name in ["falco", "tetragon"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../configs/mappings/{name}.toml"));
        mapping(&fs::read_to_string(path).expect("part of the repository"));
    }
}

/// What a test may ask of one or two fields, `F` and `G`.
const TESTS: [&str; 16] = [
    r#"F == "x""#,
    r#"F != "x""#,
    r#"F : "*Y""#,
    "F == null",
    "F > 4",
    r#"F in ("x", 5)"#,
    r#"F regex "[xy]+""#,
    "F == true",
    "length(F) == 2",
    "length(F) == null",
    "number(F) == null",
    "number(F) != null",
    r#"concat(F, G) : ("xy", "5x")"#,
    "concat(F, G) == null",
    r#"(F == 5 or G == "x") == true"#,
    "F + G > 9",
];

/// One value of a field, and which of its names it stands under.
fn values() -> impl Strategy<Value = Vec<(&'static str, usize)>> {
    vec((select(vec![r#""x""#, r#""y""#, r#""xy""#, "5", "true", r#""""#]), 0..3_usize), 0..4)
}

fn query() -> impl Strategy<Value = String> {
    let field = || select(vec!["a", "b", "c"]);
    let test = (select(TESTS.to_vec()), field(), field(), any::<bool>()).prop_map(|(test, f, g, negated)| {
        let test = test.replace('F', f).replace('G', g);
        if negated { format!("not ({test})") } else { format!("({test})") }
    });
    let join = select(vec![" and ", " or "]);
    (vec(test, 1..4), join).prop_map(|(tests, join)| format!("any where {}", tests.join(join)))
}

/// [`MAPPING`] with something else in one place.
fn damaged() -> impl Strategy<Value = String> {
    let piece =
        select(vec!["[", "]", "{", "}", "'", "\"", "=", ".", ",", "\n", "5", "é", "from", "when", "[[values]]"]);
    (any::<prop::sample::Index>(), 0..9_usize, piece).prop_map(|(place, removed, piece)| {
        let mut chars: Vec<char> = MAPPING.chars().collect();
        let start = place.index(chars.len());
        let end = (start + removed).min(chars.len());
        chars.splice(start..end, piece.chars());
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_as_a_mapping_is_answered(text in prop_oneof![4 => damaged(), 1 => any::<String>()]) {
        for problem in Mapping::parse("mapping.toml", &text, Folding::Unicode).err().unwrap_or_default() {
            assert!(problem.to_string().contains("--> mapping.toml:"), "{problem}");
        }
    }

    #[test]
    fn a_mapped_event_is_judged_as_one_with_ecs_names(query in query(), fields in [values(), values()], derived: bool) {
        let text = "[fields]\na = ['a1', 'a2']\nb = ['b1', 'b2']\n[values]\na = { value = 'xy', when = 'k == 1' }";
        let [mut plain, mut raw] = [Vec::new(), Vec::new()];
        for (field, values) in ["a", "b"].into_iter().zip(&fields) {
            for (value, place) in values {
                plain.push(format!(r#""{field}":{value}"#));
                raw.push(format!(r#""{}":{value}"#, [field.to_owned(), format!("{field}1"), format!("{field}2")][*place]));
            }
        }
        if derived {
            plain.push(r#""a":"xy""#.to_owned());
            raw.push(r#""k":1"#.to_owned());
        }
        let [plain, raw] = [plain, raw].map(|members| format!("{{{}}}", members.join(",")));
        let expected = matches(&mapped(&query, &[]), &plain);
        prop_assert_eq!(matches(&mapped(&query, &[mapping(text)]), &raw), expected, "{} on {}", query, raw);
    }
}
