use proptest::prelude::*;

use super::*;
use crate::compile;

/// A rule with this query, which stands in line 8 of its file.
pub(crate) fn rule(query: &str) -> RuleFile {
    let text = format!(
        "[rule]\nrule_id = 'r'\nname = 'Test'\nseverity = 'low'\nrisk_score = 21\ntype = 'eql'\nlanguage = 'eql'\n\
         query = '''{query}'''\n"
    );
    RuleFile::parse("rule.toml", &text).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

pub(crate) fn tree(rule: &RuleFile) -> Tree<'_> {
    Tree::new(rule, Folding::Unicode).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

pub(crate) fn judge(tree: &Tree<'_>, event: &str) -> Option<Vec<bool>> {
    verdicts(&tree.detector().unwrap(), event.as_bytes())
}

/// Such as `all(a == 1, not(b))`.
fn outline(tree: &Tree<'_>, number: usize) -> String {
    let node = &tree.nodes[number];
    let children = || node.children.iter().map(|child| outline(tree, *child)).collect::<Vec<_>>().join(", ");
    match node.kind {
        Kind::All => format!("all({})", children()),
        Kind::Any => format!("any({})", children()),
        Kind::Not => format!("not({})", children()),
        Kind::Category => format!("category {}", node.text),
        Kind::Test => node.text.clone(),
        Kind::Constant => format!("constant {}", node.text),
    }
}

#[test]
fn a_condition_becomes_a_tree_of_what_is_written() {
    for (query, expected) in [
        ("any where a == 1", "a == 1"),
        ("process where a", "all(category process, a)"),
        ("process where a and b or c", "all(category process, any(all(a, b), c))"),
        ("process where a and (b and c)", "all(category process, a, all(b, c))"),
        ("\"my category\" where a and b", "all(category \"my category\", a, b)"),
        ("any where not (a or not b)", "not(any(a, not(b)))"),
        ("any where a not in (1) and (b not in~ (2))", "all(a not in (1), (b not in~ (2)))"),
        ("any where a != null or 1 == 1 or false", "any(a != null, constant 1 == 1, constant false)"),
        ("any where (a or b) == true", "(a or b) == true"),
        ("any where length(a) > 5 and endsWith~(b, \"x\")", "all(length(a) > 5, endsWith~(b, \"x\"))"),
        ("any where a : ( \"b\", // or\n  \"c\" /* also */ )  // end", "a : (\"b\", \"c\")"),
    ] {
        assert_eq!(outline(&tree(&rule(query)), 0), expected, "{query}");
    }
}

#[test]
fn a_node_knows_its_place_its_fields_and_its_text() {
    let rule = rule("process where\n  a == 1 or user.name : \"x\"\n  and length(b) + c > 1 // two");
    let nodes = tree(&rule).nodes;
    let told: Vec<_> = nodes.iter().map(|node| (node.place.line, node.place.column, node.fields().join(" "))).collect();
    let expected = [
        (8, 12, "a b c event.category user.name"),
        (8, 12, "event.category"),
        (9, 3, "a b c user.name"),
        (9, 3, "a"),
        (9, 13, "b c user.name"),
        (9, 13, "user.name"),
        (10, 7, "b c"),
    ];
    assert_eq!(told, expected.map(|(line, column, fields)| (line, column, fields.to_owned())));
    assert_eq!(nodes[4].text, "user.name : \"x\" and length(b) + c > 1");
}

#[test]
fn a_terminal_is_told_no_commands() {
    assert_eq!(one_line("a == \"\u{1b}[2J\u{9b}x\""), "a == \"\\u{1b}[2J\\u{9b}x\"");
}

#[test]
fn a_malformed_event_has_no_verdicts() {
    let rule = rule("any where a == 1");
    for (event, expected) in [("{\"a\":[0,1]}", Some(vec![true])), ("{}", Some(vec![false])), ("{\"a\":1", None)] {
        assert_eq!(judge(&tree(&rule), event), expected, "{event}");
    }
}

#[test]
fn what_cannot_be_compiled_has_no_tree() {
    let rule = rule("any where a == b and length() > 1");
    assert_eq!(Tree::new(&rule, Folding::Unicode).expect_err("two faults").len(), 2);
}

/// Conditions over the fields `a` to `d`.
pub(crate) fn condition() -> impl Strategy<Value = String> {
    let field = || prop::sample::select(&["a", "b", "c", "d"][..]);
    let tail = prop::sample::select(&[" == 1", " != 1", "", " : \"x*\"", " not in (1, 2)", " == null"][..]);
    let leaf = prop_oneof![
        12 => (field(), tail).prop_map(|(field, tail)| format!("{field}{tail}")),
        1 => (field(), field()).prop_map(|(one, other)| format!("{one} + {other} > 1")),
        1 => any::<bool>().prop_map(|value| value.to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let chain =
            |word| prop::collection::vec(inner.clone(), 2..4).prop_map(move |all| format!("({})", all.join(word)));
        prop_oneof![chain(" and "), chain(" or "), inner.clone().prop_map(|inner| format!("not {inner}"))]
    })
}

/// Events with values that pass some of these tests.
pub(crate) fn event() -> impl Strategy<Value = String> {
    let value = prop::sample::select(&["null", "1", "2", "true", "\"x\"", "[1,\"xy\"]", "[true,2]"][..]);
    prop::collection::vec(value, 4).prop_map(|values| {
        let members = ["a", "b", "c", "d"].iter().zip(values).map(|(field, value)| format!("\"{field}\":{value}"));
        format!("{{{},\"event.category\":\"process\"}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn a_tree_judges_as_its_rule_does(condition in condition(), event in event(), category in "(any|process|file)") {
        let rule = rule(&format!("{category} where {condition}"));
        let tree = tree(&rule);
        let verdicts = judge(&tree, &event).unwrap();
        for (number, node) in tree.nodes.iter().enumerate() {
            let children: Vec<bool> = node.children.iter().map(|child| verdicts[*child]).collect();
            match node.kind {
                Kind::All => prop_assert_eq!(verdicts[number], children.iter().all(|holds| *holds)),
                Kind::Any => prop_assert_eq!(verdicts[number], children.iter().any(|holds| *holds)),
                Kind::Not => prop_assert_eq!(&[!verdicts[number]][..], &children),
                Kind::Category | Kind::Test | Kind::Constant => prop_assert!(children.is_empty()),
            }
        }
        let program = compile(std::slice::from_ref(&rule), Folding::Unicode).unwrap();
        let report = Detector::new(program).unwrap().detect(event.as_bytes());
        prop_assert_eq!(verdicts[0], !report.findings.is_empty());
    }
}
