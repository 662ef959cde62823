use weir_engine::program::Number;

use super::*;
use crate::parser::parse;

fn lowered(query: &str) -> Result<Clause, Vec<Fault>> {
    lower(&parse(query).unwrap_or_else(|fault| panic!("{query}: {fault:?}")), query, Folding::Unicode)
}

/// What `condition` means, whatever the category.
fn clause(condition: &str) -> Clause {
    lowered(&format!("any where {condition}")).unwrap_or_else(|faults| panic!("{condition}: {faults:?}"))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_operator_becomes_its_test() {
    use Case::{Insensitive, Sensitive};
    let equals = |literals, case| Test::Equals { literals: texts(literals), case };
    let like = |patterns, case| Test::Like { patterns: texts(patterns), case };
    let number = |is, than| Test::Number { is, than };
    for (condition, expected) in [
        (r#"a == "X*""#, equals(&["X*"], Sensitive)),
        (r#"a in ("b", "a", "b")"#, equals(&["a", "b"], Sensitive)),
        (r#"a in~ ("B*")"#, equals(&["B*"], Insensitive)),
        (r#"a : "B""#, equals(&["B"], Insensitive)),
        (r#"a : """#, equals(&[""], Insensitive)),
        (r#"a : ("b?", "a*")"#, like(&["a*", "b?"], Insensitive)),
        (r#"a like "b""#, equals(&["b"], Sensitive)),
        (r#"a like "b*""#, like(&["b*"], Sensitive)),
        (r#"a like~ "b*""#, like(&["b*"], Insensitive)),
        (r#"a : "*""#, Test::Exists),
        (r#"a like ("b", "**")"#, Test::Exists),
        ("a != null", Test::Exists),
        ("a == true", Test::Bool(true)),
        ("a : false", Test::Bool(false)),
        ("a", Test::Bool(true)),
        ("a == -5", number(Order::Equal, Number::Int(-5))),
        ("a : 5", number(Order::Equal, Number::Int(5))),
        ("a < 1.5", number(Order::Less, Number::Float(1.5))),
        ("a >= 1", number(Order::GreaterOrEqual, Number::Int(1))),
        ("a >= \"1\"", Test::Order { is: Order::GreaterOrEqual, than: "1".to_owned() }),
        (r#"startsWith(a, "b")"#, like(&["b*"], Sensitive)),
        (r#"endsWith~(a, "B")"#, like(&["*B"], Insensitive)),
        (r#"stringContains(a, "b")"#, like(&["*b*"], Sensitive)),
    ] {
        assert_eq!(clause(condition), Clause::test("a", expected), "{condition}");
    }
}

#[test]
fn different_spellings_of_one_condition_become_the_same() {
    for (one, other) in [
        ("a != 1", "not a == 1"),
        ("a not in (1, 2)", "not (a in (1, 2))"),
        ("a == null", "not a != null"),
        ("null == a", "a == null"),
        ("5 > a", "a < 5"),
        ("5 <= a", "a >= 5"),
        ("?a == 1", "`a` == 1"),
        ("(a == 1) == true", "a == 1"),
        ("(a == 1) != true", "a != 1"),
        ("false == (a == 1 or b)", "not (a == 1 or b)"),
        ("not not a", "a"),
        ("true and (a and (b and c))", "a and b and c"),
        ("a : (\"b\", \"c*\")", "a : \"b\" or a : \"c*\""),
        ("a in (1, true, \"b\")", "a == 1 or a == true or a == \"b\""),
        ("a or true", "true"),
        ("a == 2 + 3", "a == 5"),
        ("add(a, 1) == 2", "a + 1 == 2"),
        ("3 < length(a)", "length(a) > 3"),
        ("startsWith(a, \"b\") == false", "not startsWith(a, \"b\")"),
        ("LENGTH(a) != null", "not length(a) == null"),
        ("number(\"0x10\") == 16", "true"),
    ] {
        assert_eq!(clause(one), clause(other), "{one}");
    }
}

#[test]
fn the_category_is_one_more_condition() {
    let category = Test::Equals { literals: texts(&["process"]), case: Case::Sensitive };
    let expected = Clause::all([Clause::test("event.category", category), Clause::test("a", Test::Bool(true))]);
    assert_eq!(lowered("process where a"), Ok(expected));
    assert_eq!(lowered("any where true"), Ok(Clause::Constant(true)));
}

#[test]
fn all_faults_of_a_query_are_found_even_where_they_cannot_matter() {
    let faults =
        lowered("any where false and a regex \"(b\" and not (a == b or length(a, 2) > 1)").expect_err("three faults");
    assert_eq!(faults.len(), 3, "{faults:?}");
}
