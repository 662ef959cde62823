use super::*;
use crate::tree::tests::{rule, tree};

/// The changes to a query.
fn changes(query: &str) -> Vec<String> {
    mutants(&tree(&rule(query))).into_iter().map(|mutant| mutant.change).collect()
}

#[test]
fn each_part_of_a_condition_is_changed() {
    for (query, expected) in [
        ("any where a == 1", &["replace `1` by `2`", "replace `1` by `0`"][..]),
        ("process where a", &["drop `process`", "negate `process`", "drop `a`", "negate `a`"]),
        ("any where a or not b", &["replace `or` by `and`", "drop `a`", "negate `a`", "drop `not b`", "negate `b`"]),
        ("any where a : (\"X\", \"Y\")", &["drop `\"X\"`", "drop `\"Y\"`", "replace `:` by `like`"]),
        ("any where a : (\"1\", \"2*\")", &["drop `\"1\"`", "drop `\"2*\"`"]),
        (
            "any where a in (1, -2)",
            &[
                "drop `1`",
                "drop `-2`",
                "replace `1` by `2`",
                "replace `1` by `0`",
                "replace `2` by `3`",
                "replace `2` by `1`",
            ],
        ),
        ("any where a not in~ (\"x\")", &["replace `in~` by `in`"]),
        ("any where a == \"x\"", &["replace `== \"x\"` by `in~ (\"x\")`"]),
        ("any where a != \"x\"", &["replace `!= \"x\"` by `not in~ (\"x\")`"]),
        ("any where a == \"5\"", &[]),
        ("any where a <= 0.5", &["replace `<=` by `<`", "replace `0.5` by `1.5`", "replace `0.5` by `-0.5`"]),
        ("any where a regex (\"x\", \"y.\")", &["drop `\"x\"`", "drop `\"y.\"`", "replace `regex` by `regex~`"]),
        ("any where endsWith~(a, b)", &["replace `endsWith~` by `endsWith`"]),
        ("any where startsWith(a, \"x\")", &["replace `startsWith` by `startsWith~`"]),
        ("any where cidrMatch(a, \"::1\", \"::2\")", &["drop `\"::1\"`", "drop `\"::2\"`"]),
        ("any where 1 == 1", &[]),
    ] {
        assert_eq!(changes(query), expected, "{query}");
    }
}

#[test]
fn a_mutant_is_the_query_with_that_change() {
    for (query, change, meaning) in [
        ("process where a and (b or c)", "drop `b`", "process where a and c"),
        ("process where a and (b or c)", "replace `or` by `and`", "process where a and b and c"),
        ("process where a and b", "replace `and` by `or`", "process where a or b"),
        ("process where a and b", "drop `process`", "any where a and b"),
        ("any where not (a and b)", "negate `a`", "any where not (not a and b)"),
        ("any where not a:(\"x\",\"y\")", "drop `\"y\"`", "any where not a : \"x\""),
        ("any where not a:(\"x\",\"y\")", "replace `:` by `like`", "any where not a like (\"x\", \"y\")"),
        ("any where a and b not in (\"x\", /* or */ \"y\")", "drop `\"x\"`", "any where a and b != \"y\""),
        ("any where b and length(a)<5", "replace `<` by `<=`", "any where b and length(a) <= 5"),
    ] {
        let (query, meaning) = (rule(query), rule(meaning));
        let mutated = tree(&query);
        let mutants = mutants(&mutated);
        let mutant = mutants.iter().find(|mutant| mutant.change == change).unwrap_or_else(|| panic!("{mutants:?}"));
        assert_eq!(mutant.condition(&mutated), tree(&meaning).nodes[0].clause, "{change}");
    }
}

#[test]
fn a_change_is_placed_where_it_is_made() {
    let rule = rule("process where a\n and b : (\"x\",\n   \"y\")");
    let mutants = mutants(&tree(&rule));
    let places: Vec<_> =
        mutants.iter().map(|mutant| (&*mutant.change, mutant.place.line, mutant.place.column)).collect();
    assert!(places.contains(&("drop `a`", 8, 26)), "{places:?}");
    assert!(places.contains(&("replace `:` by `like`", 9, 8)), "{places:?}");
    assert!(places.contains(&("drop `\"y\"`", 10, 4)), "{places:?}");
}
