//! Feeds the parser what nobody would write: it must answer, and its answer must be showable.

mod support;

use proptest::prelude::*;
use support::HEAD;
use weir_eql::{Color, Coverage, Diagnostic, ExceptionFile, RuleFile, Tree, compile, compile_mapped};

/// Valid queries, from which the mutated ones are made.
const QUERIES: [&str; 7] = [
    "process where container.id: \"*\" and event.type== \"start\"\n and process.name: (\"dockerd\", \"runc\")",
    "any where not (?a.`b-c` >= -1.5e3 or x not in~ (\"y\", 1, true)) // done",
    "\"my category\" where f~(a, \"\"\"C:\\W\"\"\", g()) == null /* why */ and a + 1 * 2 < 3",
    "file where a like~ (\"\\u{200f}é*\", \"?\") and (b == true) != false",
    "process where true",
    "any where process.name regex~ (\"a[b-d]+(e|f){2,3}\", \"\"\"\\w~x&<1-20>@\"\"\") or -a / 2 % b >= number(\"0x5\", 16)",
    "any where not cidrMatch(source.ip, \"10.0.0.0/8\", \"::1\") and substring(concat(a, \":\"), -2) in~ (\"b\", \"c\")",
];
/// What mutation puts in.
const PIECES: [&str; 24] = [
    "(", ")", "\"", "\"\"\"", "'", "`", "\\", "//", "/*", "|", "~", "?", ".", "-", " not ", " and ", " in ", " where ",
    "[", "=", "é", "\u{301}", "\n", "9",
];

fn rule_file(query: &str) -> String {
    let escaped: String = query.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
    format!("{HEAD}\nquery = \"{escaped}\"\n")
}

/// Reads and compiles a file; every problem and every doubt must be showable, in both ways. What compiles can be taken apart.
fn judge(file: &str) {
    let compiled = RuleFile::parse("rule.toml", file).and_then(|rule| {
        compile(std::slice::from_ref(&rule), Default::default())?;
        let tree = Tree::new(&rule, Default::default())?;
        Coverage::measure(&tree, [&b"{}"[..]].into_iter()).expect("few fields");
        Ok(rule.warnings(Default::default()))
    });
    show(&compiled.unwrap_or_else(|errors| errors), "rule.toml");
}

fn show(problems: &[Diagnostic], file: &str) {
    for problem in problems {
        assert!(problem.render(Color::Never).contains(&format!("--> {file}:")), "{problem}");
        assert!(problem.render(Color::Always).contains("\u{1b}["), "{problem}");
    }
}

/// Does the same with a file of exceptions.
fn judge_exceptions(file: &str) {
    let parsed = ExceptionFile::parse("known.exceptions.toml", file);
    let compiled = parsed.and_then(|file| compile_mapped(&[], &[file], &[], Default::default()));
    show(&compiled.err().unwrap_or_default(), "known.exceptions.toml");
}

fn exception_file(condition: &str) -> String {
    let condition: String = condition.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
    format!("[[exceptions]]\nname = 'a'\ncomment = 'b'\nrules = 'all'\ncondition = \"{condition}\"\n")
}

/// A valid query in which some places were replaced.
fn mutated_query() -> impl Strategy<Value = String> {
    let mutation = (any::<prop::sample::Index>(), 0..4_usize, prop::sample::select(&PIECES[..]));
    (prop::sample::select(&QUERIES[..]), prop::collection::vec(mutation, 1..4)).prop_map(|(query, mutations)| {
        let mut chars: Vec<char> = query.chars().collect();
        for (place, removed, piece) in mutations {
            let start = place.index(chars.len() + 1);
            let end = (start + removed).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

#[test]
fn the_queries_to_mutate_are_valid() {
    for query in QUERIES {
        if let Err(problems) = RuleFile::parse("rule.toml", &rule_file(query)) {
            panic!("{}", problems[0]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_as_a_query_is_answered(query in "\\PC*") {
        judge(&rule_file(&query));
    }

    #[test]
    fn any_text_after_where_is_answered(query in any::<String>()) {
        judge(&rule_file(&format!("any where {query}")));
    }

    #[test]
    fn a_mutated_query_is_answered(query in mutated_query()) {
        judge(&rule_file(&query));
        judge(&rule_file(&query).replace("\\U0000", "\\u"));
    }

    #[test]
    fn any_text_as_a_file_is_answered(text in any::<String>(), tail in "[\\[\\]='\"a\\\\ \n.é{}]{0,30}") {
        judge(&text);
        judge(&format!("[rule]\n{tail}"));
    }

    #[test]
    fn any_exception_is_answered(query in mutated_query(), text in "\\PC*", tail in "[\\[\\]='\"a0-9:TZ\\\\ \n.é{}-]{0,30}") {
        judge_exceptions(&text);
        judge_exceptions(&exception_file(&text));
        judge_exceptions(&exception_file(query.split_once("where").map_or("", |(_, condition)| condition)));
        judge_exceptions(&format!("{}expires = {tail}", exception_file("true")));
    }
}
