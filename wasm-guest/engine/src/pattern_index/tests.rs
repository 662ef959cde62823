//! The index against each pattern alone.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::program::{Case, Folding};

type Spelt = (String, Case);

fn pattern() -> impl Strategy<Value = Spelt> {
    // Letters of few kinds, so that patterns share pieces; some fold to a letter of another length.
    let text = prop_oneof![4 => "[abAB?*]{0,7}", 2 => "[*]?[abk/]{0,9}[*]?", 1 => "[?*kK\u{212A}sſäÄ😀\0]{0,6}"];
    (text, prop_oneof![Just(Case::Sensitive), Just(Case::Insensitive)])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[abAB]{0,9}", 2 => "[abk/]{0,40}", 1 => "[abkK\u{212A}sſäÄ😀\0]{0,9}"]
}

fn index(patterns: &[Spelt], folding: Folding) -> PatternIndex {
    let mut collected = Patterns::default();
    (0..).zip(patterns).for_each(|(number, (pattern, case))| collected.add(number, pattern, *case, folding));
    collected.index(folding)
}

/// The patterns that `text` matches, in order.
fn matches(index: &PatternIndex, patterns: usize, text: &str, folding: Folding) -> Vec<u32> {
    let mut hits = Hits::new(patterns, 0, index.pieces());
    index.judge(0, text, Framed::new(folding, text, &mut Vec::new()), &mut hits);
    let mut found = hits.list().to_vec();
    found.sort_unstable();
    found
}

fn matches_alone((pattern, case): &Spelt, text: &str, folding: Folding) -> bool {
    match case {
        Case::Sensitive => Pattern::new(pattern).matches(text.as_bytes()),
        Case::Insensitive => Pattern::new(&folding.fold(pattern)).matches(folding.fold(text).as_bytes()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_text_matches_what_it_matches_pattern_by_pattern(
        patterns in vec(pattern(), 0..40),
        texts in vec(text(), 1..8),
        folding in prop_oneof![Just(Folding::Unicode), Just(Folding::Ascii)],
    ) {
        let index = index(&patterns, folding);
        for text in texts {
            let alone = (0..).zip(&patterns).filter(|(_, pattern)| matches_alone(pattern, &text, folding));
            let expected: Vec<u32> = alone.map(|(number, _)| number).collect();
            prop_assert_eq!(matches(&index, patterns.len(), &text, folding), expected, "{}", text);
        }
    }
}

#[test]
fn a_piece_that_a_text_repeats_is_followed_up_once() {
    let patterns = [r"*\windows\*x?y*", r"*\windows\"].map(|text| (text.into(), Case::Insensitive));
    let index = index(&patterns, Folding::Unicode);
    // If each repetition led to a look at all of the text, there would be no budget for it.
    let text = r"\windows\x".repeat(20_000) + r"\windows\";
    assert_eq!(matches(&index, 2, &text, Folding::Unicode), [1]);
}

#[test]
fn a_pattern_is_filed_under_what_few_others_have() {
    let patterns: Vec<_> = (0..1_000).map(|number| (format!("/usr/bin/tool{number:04}*"), Case::Insensitive)).collect();
    let index = index(&patterns, Folding::Unicode);
    let crowd = index.slots.windows(2).map(|pair| pair[1].pieces - pair[0].pieces).max();
    assert!(crowd < Some(20), "{crowd:?} in one slot");
}
