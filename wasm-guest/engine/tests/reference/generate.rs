//! Random programs and batches. Each pair draws on a small world of its own, so that rules and events often meet.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use weir_engine::program::{
    Automaton, Case, Comparison, Condition, Coverage, Expression, Folding, Number, Program, Test,
};

use crate::support::Rules;

#[path = "generate/calculations.rs"]
mod calculations;

use self::calculations::expression;

const FIELDS: &[&str] =
    &["a", "a.b", "a.b.c", "a.c", "b.c", "process", "process.name", "process.parent.name", "é", "", ".a", "a.", "a..b"];

/// Texts that are easily taken for one another.
const FAMILIES: &[&[&str]] = &[
    &["docker", "DOCKER", "Docker", "dockerd", "d😀cker", "d*k?r", ""],
    &["kubelet", "\u{212A}ubelet", "KUBELET", "k", "\u{212A}", "K"],
    &["systemd", "ſystemd", "SYSTEMD", "system", "s", "ſ"],
    &["i", "I", "İ", "ı", "ẞ", "ß", "Σ", "ς", "é", "É"],
    &["true", "false", "TRUE", "null", ""],
    &["5", "5.0", "05", "+5", " 5", "5 ", "0x5", "5.", ".5", "5e0"],
    &["0", "-0", "-0.0", "", "-", "e5", "inf", "NaN", "1e400"],
    &["9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808"],
    &["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.01", "10.0.1.0", "fe80::1", "FE80:0::1", "::1", "1.2.3"],
    &["\\", "\"", "/", "C:\\W", "\u{0}\t\n\u{1f}", "\u{FFFD}", "?", "*"],
    &["0123456789012345678901234567890123456789012345678901234567890123456789", "01234567", "0123456789abcdef"],
];

const NUMBERS: &[&str] = &[
    "5",
    "5.0",
    "50E-1",
    "0",
    "-0",
    "-0.0",
    "5.5",
    "-5",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "123456789012345678901234567890",
];

/// What one program and its batch are made of.
#[derive(Clone, Debug)]
pub struct World {
    fields: Vec<&'static str>,
    /// Every stretch of steps of the fields' names, and some that lead nowhere.
    keys: Vec<String>,
    texts: Vec<&'static str>,
}

fn world() -> impl Strategy<Value = World> {
    (subsequence(FIELDS, 1..4), subsequence(FAMILIES, 1..3)).prop_map(|(fields, families)| World {
        keys: fields.iter().flat_map(|name| stretches(name)).chain(["x", "A", "."].map(String::from)).collect(),
        texts: families.concat(),
        fields,
    })
}

fn stretches(name: &str) -> Vec<String> {
    let steps: Vec<&str> = name.split('.').collect();
    let ends = |start| start + 1..=steps.len();
    (0..steps.len())
        .flat_map(|start| ends(start).map(move |end| (start, end)))
        .map(|(start, end)| steps[start..end].join("."))
        .collect()
}

/// A program, and lines for it with their ends.
pub fn program_and_lines() -> impl Strategy<Value = (Program, Vec<Vec<u8>>)> {
    world().prop_flat_map(|world| (program(&world), lines(&world)))
}

pub fn mutilated_event() -> impl Strategy<Value = Vec<u8>> {
    world().prop_flat_map(|world| mutilated(&world))
}

fn program(world: &World) -> impl Strategy<Value = Program> + use<> {
    let field = select(world.fields.clone()).prop_map(|name| Expression::Field(name.to_owned()));
    let on_field = (field, test(world));
    let calculated_test = prop_oneof![1 => Just(Test::Null), 4 => test(world)];
    let predicates = vec(prop_oneof![3 => on_field, 2 => (expression(world), calculated_test)], 1..8);
    let folding = prop_oneof![3 => Just(Folding::Unicode), 1 => Just(Folding::Ascii)];
    let rules = (vec(condition(), 1..5), vec((coverage(), condition()), 0..4));
    (folding, predicates, rules).prop_map(|(folding, predicates, (conditions, exceptions))| {
        let mut rules = Rules::default();
        let known: Vec<_> =
            predicates.into_iter().map(|(subject, test)| rules.when_calculated(subject, test)).collect();
        let count = conditions.len() as u32;
        conditions.into_iter().for_each(|condition| rules.add(with_predicates(condition, &known)));
        for (coverage, condition) in exceptions {
            rules.except(within(coverage, count), with_predicates(condition, &known));
        }
        rules.program(folding)
    })
}

fn test(world: &World) -> impl Strategy<Value = Test> + use<> {
    let case = || prop_oneof![Just(Case::Sensitive), Just(Case::Insensitive)];
    let text = select(world.texts.clone()).prop_map(String::from);
    let pattern = prop_oneof![4 => pattern(world), 1 => "[?*dks5]{0,4}"];
    let comparison = select(vec![
        Comparison::Equal,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    let int = select(vec![5, 0, -5, i64::MIN, i64::MAX, 9007199254740993]).prop_map(Number::Int);
    let float = select(vec![5.0, 5.5, -0.0, 1e300, f64::INFINITY, 9223372036854775808.0]).prop_map(Number::Float);
    prop_oneof![
        Just(Test::Exists),
        (comparison.clone(), text.clone()).prop_map(|(is, than)| Test::Order { is, than }),
        (automaton(world), case()).prop_map(|(automaton, case)| Test::Regex { automaton, case }),
        (vec(text, 1..4), case()).prop_map(|(literals, case)| Test::Equals { literals, case }),
        (vec(pattern, 1..3), case()).prop_map(|(patterns, case)| Test::Like { patterns, case }),
        (comparison, prop_oneof![int, float]).prop_map(|(is, than)| Test::Number { is, than }),
        any::<bool>().prop_map(Test::Bool),
    ]
}

/// Any automaton of few states, which tells some of the world's characters apart.
fn automaton(world: &World) -> impl Strategy<Value = Automaton> + use<> {
    let chars: Vec<u32> = world.texts.concat().chars().map(u32::from).filter(|char| *char > 0).collect();
    let starts = prop::collection::btree_set(select(chars), 1..5);
    let state = prop_oneof![3 => 0_u16..3, 1 => Just(Automaton::NEVER), 1 => Just(Automaton::ALWAYS)];
    (starts, vec(0_u16..3, 6), vec(state, 9), vec(any::<bool>(), 3)).prop_map(|(starts, classes, next, accepts)| {
        let runs = std::iter::once(0).chain(starts).zip(classes).collect();
        Automaton { runs, classes: 3, next, accepts }
    })
}

/// A text of which some characters have become wildcards.
fn pattern(world: &World) -> impl Strategy<Value = String> + use<> {
    let wildcard = prop_oneof![5 => Just(None), 1 => Just(Some("?")), 1 => Just(Some("*")), 1 => Just(Some(""))];
    (select(world.texts.clone()), vec(wildcard, 5)).prop_map(|(text, wildcards)| {
        let spell = |(char, wildcard): (char, Option<&str>)| wildcard.map_or(char.to_string(), String::from);
        text.chars().zip(wildcards.into_iter().chain(std::iter::repeat(None))).map(spell).collect()
    })
}

/// Conditions whose predicates still have arbitrary numbers.
fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        8 => any::<u32>().prop_map(Condition::Predicate),
        1 => any::<bool>().prop_map(Condition::Constant),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner, 0..4).prop_map(Condition::Any),
        ]
    })
}

/// Coverage of rules that may not be there.
fn coverage() -> impl Strategy<Value = Coverage> {
    let some = subsequence(vec![0, 1, 2, 3], 1..4).prop_map(Coverage::Rules);
    prop_oneof![1 => Just(Coverage::All), 3 => some]
}

fn within(coverage: Coverage, rules: u32) -> Coverage {
    match coverage {
        Coverage::All => Coverage::All,
        Coverage::Rules(numbers) => Coverage::Rules(numbers.into_iter().filter(|number| *number < rules).collect()),
    }
}

fn with_predicates(condition: Condition, known: &[Condition]) -> Condition {
    let within = |parts: Vec<Condition>| parts.into_iter().map(|part| with_predicates(part, known)).collect();
    match condition {
        Condition::Predicate(number) => known[number as usize % known.len()].clone(),
        Condition::Not(inner) => Condition::Not(Box::new(with_predicates(*inner, known))),
        Condition::All(parts) => Condition::All(within(parts)),
        Condition::Any(parts) => Condition::Any(within(parts)),
        constant => constant,
    }
}

/// Events, blank lines, mutilated events and rubbish.
fn lines(world: &World) -> impl Strategy<Value = Vec<Vec<u8>>> + use<> {
    let line = prop_oneof![
        12 => event(world).prop_map(String::into_bytes),
        3 => mutilated(world),
        1 => select(vec!["", " ", "\t\r", "[]", "null", "5", "\"a\"", "{}", "{}{}", "{}x"]).prop_map(Vec::from),
        1 => vec(any::<u8>(), 0..20),
    ];
    let end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    vec((line, end).prop_map(|(line, end)| [&line, end.as_bytes()].concat()), 0..8)
}

/// An event with a few bytes changed, removed or added; mostly no event any more.
fn mutilated(world: &World) -> impl Strategy<Value = Vec<u8>> + use<> {
    let byte = prop_oneof![any::<u8>(), select(b"{}[],:\"\\ueE.+-0123456789tfn \r\n\x00\x1f\x7f\xc3\xed\xa0".to_vec())];
    let change = (0..3, any::<prop::sample::Index>(), byte);
    (event(world), vec(change, 1..4)).prop_map(|(event, changes)| {
        let mut bytes = event.into_bytes();
        for (kind, place, byte) in changes {
            let at = place.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        bytes
    })
}

fn event(world: &World) -> impl Strategy<Value = String> + use<> {
    (space(), members(world, value(world)), space())
        .prop_map(|(before, object, after)| format!("{before}{object}{after}"))
}

fn value(world: &World) -> impl Strategy<Value = String> + use<> {
    let word = select(vec!["null", "true", "false", r#""\ud83d""#, r#""\uDE00\ud83d""#, r#""\ud83dk""#]);
    let scalar = prop_oneof![
        5 => text(world.texts.clone()),
        2 => select(NUMBERS).prop_map(String::from),
        2 => word.prop_map(String::from),
    ];
    let world = world.clone();
    scalar.prop_recursive(5, 24, 4, move |value| prop_oneof![elements(value.clone()), members(&world, value)])
}

fn members<V: Strategy<Value = String>>(world: &World, value: V) -> impl Strategy<Value = String> + use<V> {
    let member = (space(), text(world.keys.clone()), space(), space(), value, space());
    let member = member.prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
    (vec(member, 0..5), space()).prop_map(|(members, space)| format!("{{{space}{}}}", members.join(",")))
}

fn elements(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let element = (space(), value, space()).prop_map(|(before, value, after)| format!("{before}{value}{after}"));
    (vec(element, 0..4), space()).prop_map(|(elements, space)| format!("[{space}{}]", elements.join(",")))
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 1 => select(vec![" ", "\t", "\r", " \t  \r"])]
}

/// One of `texts` as a JSON string, some of its characters escaped though they needn't be.
fn text<T: AsRef<str> + Clone + std::fmt::Debug + 'static>(texts: Vec<T>) -> impl Strategy<Value = String> {
    let escapes = prop_oneof![2 => Just(0), 1 => any::<u32>()];
    (select(texts), escapes).prop_map(|(text, escapes)| {
        let spell = |(place, char): (u32, char)| match char {
            _ if escapes >> (place % 32) & 1 == 1 => utf16_escapes(char),
            '\n' => r"\n".into(),
            '\t' => r"\t".into(),
            '"' | '\\' => format!("\\{char}"),
            ..' ' => utf16_escapes(char),
            plain => plain.into(),
        };
        format!("\"{}\"", (0..).zip(text.as_ref().chars()).map(spell).collect::<String>())
    })
}

fn utf16_escapes(char: char) -> String {
    char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
}
