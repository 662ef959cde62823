use std::collections::HashMap;

use proptest::prelude::*;

use super::Nearest;
use crate::tree::tests::{condition, event, judge, rule, tree};
use crate::tree::{Kind, Tree};

/// The texts of the tests that decide, and of those that would have to be otherwise.
fn reasons(condition: &str, event: &str) -> (String, Option<String>) {
    let rule = rule(&format!("any where {condition}"));
    let tree = tree(&rule);
    let verdicts = judge(&tree, event).unwrap();
    let texts = |tests: Vec<usize>| tests.iter().map(|test| &*tree.nodes[*test].text).collect::<Vec<_>>().join(", ");
    let nearest = match tree.nearest(&verdicts) {
        Nearest::Tests(tests) => Some(texts(tests)),
        Nearest::Nothing => None,
        Nearest::Untried => Some("untried".to_owned()),
    };
    (texts(tree.decisive(&verdicts)), nearest)
}

#[test]
fn the_fewest_tests_are_named() {
    let event = r#"{"t":true,"u":true,"v":true}"#;
    for (condition, decisive, nearest) in [
        ("t", "t", Some("t")),
        ("f", "f", Some("f")),
        ("t and u", "t, u", Some("t")),
        ("t and f", "f", Some("f")),
        ("f and g", "f", Some("f, g")),
        ("t or u", "t", Some("t, u")),
        ("f or g", "f, g", Some("f")),
        ("not (t and u)", "t, u", Some("t")),
        ("not f", "f", Some("f")),
        ("(f and g) or (t and h)", "f, h", Some("h")),
        ("(f and g and h) or (i and j)", "f, i", Some("i, j")),
        ("t and (f or (u and g) or h)", "f, g, h", Some("f")),
        ("(t and u and v) or (t and u)", "t, u", Some("t")),
        ("t or true", "", None),
        ("f and false", "", None),
        ("true", "", None),
        ("f and (f or g) and t", "f", Some("f")),
        ("t == null and t != null", "t == null", None),
        ("(f or g) and not f", "f, g", Some("g")),
        ("(f or g) and not f and not g", "f, g", None),
    ] {
        let expected = (decisive.to_owned(), nearest.map(str::to_owned));
        assert_eq!(reasons(condition, event), expected, "{condition}");
    }
}

#[test]
fn pairs_of_too_many_tests_are_not_tried() {
    for (others, nearest) in [(97, None), (99, Some("untried"))] {
        let others: Vec<_> = (0..others).map(|number| format!("f{number}")).collect();
        let condition = format!("(f or g) and not f and not g and not ({})", others.join(" or "));
        assert_eq!(reasons(&condition, "{}").1.as_deref(), nearest, "{} others", others.len());
    }
}

/// What the condition would be, were its tests so.
fn holds(tree: &Tree<'_>, number: usize, test: &impl Fn(usize) -> bool) -> bool {
    let node = &tree.nodes[number];
    let mut children = node.children.iter().map(|child| holds(tree, *child, test));
    match node.kind {
        Kind::All => children.all(|holds| holds),
        Kind::Any => children.any(|holds| holds),
        Kind::Not => !children.all(|holds| holds),
        _ => test(number),
    }
}

proptest! {
    #[test]
    fn what_is_said_to_decide_decides(condition in condition(), event in event(), others in any::<u64>()) {
        let rule = rule(&format!("any where {condition}"));
        let tree = tree(&rule);
        let verdicts = judge(&tree, &event).unwrap();
        let tests = tree.tests();
        let decisive = tree.decisive(&verdicts);
        let whatever = |number: usize| match tree.nodes[number].kind {
            Kind::Test if !decisive.contains(&tests[number]) => verdicts[number] != (others >> (tests[number] % 64) & 1 == 1),
            _ => verdicts[number],
        };
        prop_assert_eq!(holds(&tree, 0, &whatever), verdicts[0]);
    }

    #[test]
    fn what_would_turn_the_verdict_turns_it_and_nothing_smaller_does(condition in condition(), event in event()) {
        let rule = rule(&format!("any where {condition}"));
        let tree = tree(&rule);
        let verdicts = judge(&tree, &event).unwrap();
        let tests = tree.tests();
        let mut each: Vec<usize> = tests.iter().copied().filter(|number| tree.nodes[*number].is_test()).collect();
        let written = each.len();
        each.sort_unstable();
        each.dedup();
        prop_assume!(each.len() <= 10);
        let places: HashMap<usize, usize> = each.iter().enumerate().map(|(place, number)| (*number, place)).collect();
        let turns = |set: u32| {
            let turned = |number: usize| places.get(&tests[number]).is_some_and(|place| set >> place & 1 == 1);
            holds(&tree, 0, &|number| verdicts[number] != (tree.nodes[number].is_test() && turned(number))) != verdicts[0]
        };
        let fewest = (0..1_u32 << each.len()).filter(|set| turns(*set)).map(u32::count_ones).min();
        let nearest = match tree.nearest(&verdicts) {
            Nearest::Tests(tests) => Some(tests),
            Nearest::Nothing | Nearest::Untried => None,
        };
        if let Some(nearest) = &nearest {
            prop_assert!(turns(nearest.iter().map(|number| 1 << places[number]).sum()), "{}", condition);
        }
        // Of tests that are written more than once, a few more may be named than needed.
        if written == each.len() {
            prop_assert_eq!(nearest.map(|nearest| nearest.len() as u32), fewest, "{}", condition);
        }
    }
}
