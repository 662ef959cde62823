use proptest::prelude::*;

use super::*;

/// Runs an automaton by the definition.
fn accepts(automaton: &Automaton, text: &str) -> bool {
    let mut state = 0;
    for char in text.chars() {
        let class = automaton.runs.iter().rfind(|(start, _)| *start <= char as u32).expect("runs begin at 0").1;
        match automaton.next[usize::from(state) * usize::from(automaton.classes) + usize::from(class)] {
            Automaton::NEVER => return false,
            Automaton::ALWAYS => return true,
            next => state = next,
        }
    }
    automaton.accepts[usize::from(state)]
}

fn matches(pattern: &str, text: &str) -> bool {
    let automaton = automaton([pattern], Case::Sensitive, Folding::Unicode);
    accepts(&automaton.unwrap_or_else(|bad| panic!("{pattern}: {bad:?}")), text)
}

fn refusal(pattern: &str) -> String {
    automaton([pattern], Case::Sensitive, Folding::Unicode).expect_err(pattern).message
}

#[test]
fn every_operator_of_lucene_is_known() {
    for (pattern, yes, no) in [
        ("", &[""][..], &["a"][..]),
        ("abc", &["abc"], &["ab", "abcd", "xabc", "ABC"]),
        ("a.c", &["abc", "a\nc", "a😀c"], &["ac", "abbc"]),
        ("ab?", &["a", "ab"], &["abb", ""]),
        ("ab*", &["a", "abbb"], &["b"]),
        ("ab+", &["ab", "abbb"], &["a"]),
        (".*?net", &["net", "a net"], &["nets"]),
        ("a{2}", &["aa"], &["a", "aaa"]),
        ("a{2,}", &["aa", "aaaa"], &["a"]),
        ("a{0,2}b", &["b", "aab"], &["aaab"]),
        ("a{3,2}", &[], &["", "a", "aa", "aaa"]),
        ("(ab|c)+d", &["abd", "cabd"], &["d", "abcx"]),
        ("a||b", &["a", "|b"], &["", "b"]),
        ("()a", &["a"], &[""]),
        ("[a-c_]", &["b", "_"], &["d", "-", "ab"]),
        ("[^a-c]", &["d", "\n", "😀"], &["a", ""]),
        (r"[a\-z\]]", &["a", "-", "z", "]"], &["b"]),
        (r"[\d.]+", &["1.2"], &["a"]),
        (r"\d\D\s\S\w\W", &["1a 1a-"], &["aa 1a-"]),
        (r"\.\*\\", &[".*\\"], &["a*\\"]),
        ("^a$", &["^a$"], &["a"]),
        ("*a", &["*a"], &["a"]),
        ("a\"b.c\"d", &["ab.cd"], &["abxcd"]),
        ("~(ab)", &["", "a", "abc"], &["ab"]),
        ("a~b", &["a", "abb"], &["ab", "b"]),
        (".*a.*&.*b.*", &["ab", "bxa"], &["a", "b"]),
        ("a#", &[], &["a", "a#"]),
        ("a@", &["a", "axyz"], &["ba"]),
        ("<8-12>", &["8", "08", "0012", "10"], &["7", "13", "", "80"]),
        ("<012-100>", &["012", "099", "100"], &["12", "101", "0012"]),
        ("<120-3>x", &["3x", "99x", "120x"], &["2x", "121x", "1000x"]),
        ("<0-10>", &["0", "00", "10"], &["11", ""]),
        ("[a-z]{1,254}", &["a", "abc"], &["", "1"]),
        ("([^ ]+[ ]{3,}[^ ]*){3,}.*", &["a   b   c   d"], &["a   b   c"]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern} on {text:?}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern} on {text:?}");
        }
    }
}

#[test]
fn case_may_not_matter() {
    let folded = |pattern, folding| automaton([pattern], Case::Insensitive, folding).expect("a sound pattern");
    for (pattern, text, unicode, ascii) in [
        ("A[X-Z]", "ay", true, true),
        ("[^A]", "a", false, false),
        (r"\w", "k", true, true),
        ("\"AB\"", "ab", true, true),
        ("\u{212A}", "k", true, false),
    ] {
        assert_eq!(accepts(&folded(pattern, Folding::Unicode), text), unicode, "{pattern} {text}");
        assert_eq!(accepts(&folded(pattern, Folding::Ascii), text), ascii, "{pattern} {text}");
    }
}

#[test]
fn what_lucene_refuses_is_refused() {
    for (pattern, expected) in [
        ("a)", "`)` without a `(`"),
        ("(a", "`(` without a `)`"),
        ("[a", "`[` without a `]`"),
        ("[z-a]", "`z-a` ends before it begins"),
        ("a{x}", "no count follows"),
        ("a{2", "no count follows"),
        ("a{99999999999}", "too many"),
        ("\"a", "has no end"),
        (r"\b", r"`\b` means nothing"),
        ("a\\", "it ends where a character must follow"),
        ("a|", "it ends where a character must follow"),
        ("<name>", "no numbers follow"),
        ("<1-99999999999>", "no numbers follow"),
        ("(.{500}a|.*b.{500}){9}", "too large"),
    ] {
        assert!(refusal(pattern).contains(expected), "{pattern}: {}", refusal(pattern));
    }
    assert!(refusal(&"(".repeat(100_000)).contains("too deeply"));
}

#[test]
fn a_long_pattern_is_no_deep_one() {
    let text = "ab".repeat(2_000);
    assert!(matches(&text, &text));
    assert!(matches(&"a?".repeat(300), &"a".repeat(300)));
}

/// What a pattern of the plainest operators means, by trying all ways.
#[derive(Clone, Debug)]
enum Plain {
    Char(char),
    Any,
    Then(Box<Plain>, Box<Plain>),
    Or(Box<Plain>, Box<Plain>),
    And(Box<Plain>, Box<Plain>),
    Not(Box<Plain>),
    Repeat(Box<Plain>, u32, Option<u32>),
}

impl Plain {
    fn pattern(&self) -> String {
        match self {
            Self::Char(char) => char.to_string(),
            Self::Any => ".".to_owned(),
            Self::Then(one, two) => format!("({}{})", one.pattern(), two.pattern()),
            Self::Or(one, two) => format!("({}|{})", one.pattern(), two.pattern()),
            Self::And(one, two) => format!("({}&{})", one.pattern(), two.pattern()),
            Self::Not(inner) => format!("~({})", inner.pattern()),
            Self::Repeat(inner, least, Some(most)) => format!("({}){{{least},{most}}}", inner.pattern()),
            Self::Repeat(inner, least, None) => format!("({}){{{least},}}", inner.pattern()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Char(char) => text.chars().eq([*char]),
            Self::Any => text.chars().count() == 1,
            Self::Then(one, two) => splits(text).any(|(a, b)| one.matches(a) && two.matches(b)),
            Self::Or(one, two) => one.matches(text) || two.matches(text),
            Self::And(one, two) => one.matches(text) && two.matches(text),
            Self::Not(inner) => !inner.matches(text),
            Self::Repeat(inner, least, most) => repeats(inner, *least, *most, text),
        }
    }
}

fn repeats(inner: &Plain, least: u32, most: Option<u32>, text: &str) -> bool {
    if least == 0 && text.is_empty() {
        return true;
    }
    // A round that takes nothing is no use, unless a round is owed.
    let rounds = |(first, _): &(&str, &str)| !first.is_empty() || least > 0;
    most != Some(0)
        && splits(text).filter(rounds).any(|(first, rest)| {
            inner.matches(first) && repeats(inner, least.saturating_sub(1), most.map(|most| most - 1), rest)
        })
}

fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).map(|at| text.split_at(at))
}

fn plain() -> impl Strategy<Value = Plain> {
    let leaf = prop_oneof![prop::sample::select(vec!['a', 'b', 'ä']).prop_map(Plain::Char), Just(Plain::Any)];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let bounds = (0_u32..3, prop::option::of(0_u32..3));
        prop_oneof![
            (boxed.clone(), boxed.clone()).prop_map(|(one, two)| Plain::Then(one, two)),
            (boxed.clone(), boxed.clone()).prop_map(|(one, two)| Plain::Or(one, two)),
            (boxed.clone(), boxed.clone()).prop_map(|(one, two)| Plain::And(one, two)),
            boxed.clone().prop_map(Plain::Not),
            (boxed, bounds)
                .prop_map(|(inner, (least, more))| { Plain::Repeat(inner, least, more.map(|more| least + more)) }),
        ]
    })
}

proptest! {
    #[test]
    fn the_automaton_accepts_what_the_pattern_means(plain in plain(), texts in prop::collection::vec("[abä]{0,5}", 8)) {
        for text in texts {
            prop_assert_eq!(matches(&plain.pattern(), &text), plain.matches(&text), "{} on {}", plain.pattern(), text);
        }
    }

    #[test]
    fn any_pattern_is_answered(pattern in r#"[ab.?*+|&~(){}\[\]\-^"\\#@<>0-9,d]{0,12}"#) {
        let _ = automaton([pattern.as_str()], Case::Insensitive, Folding::Unicode);
    }
}
