//! Makes up rule files for the bench, any number of them, with the constructs that public rules have and as often.
//!
//! They mean nothing: names and paths are thrown together, some from the programs that the made-up events tell of.

use std::{fs, iter};

use weir_eql::RuleFile;

use super::Random;

/// The rule that the events are made for, which Weir ships.
const SEED_RULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules/container_management_utility.toml");

/// That rule, and made-up ones until there are `count`.
///
/// # Errors
/// If the rule can't be read.
pub fn rule_set(seed: u64, count: usize) -> Result<Vec<RuleFile>, String> {
    let shipped = fs::read_to_string(SEED_RULE).map_err(|error| format!("{SEED_RULE}: {error}"))?;
    let texts = iter::once(shipped).chain(rules(seed, count.saturating_sub(1))).enumerate();
    let parse = |(number, text): (usize, String)| RuleFile::parse(format!("{number}.toml"), &text);
    texts.map(|text| parse(text).map_err(|wrong| wrong[0].to_string())).collect()
}

/// The text of the rule files number 1 to `count`, the same on every machine; each refers to the process of an event.
pub fn rules(seed: u64, count: usize) -> impl Iterator<Item = String> {
    let mut random = Random(seed);
    (1..=count).map(move |number| {
        let (high, low) = (random.next() >> 32, random.next() >> 16);
        let query = query(&mut random);
        format!(
            "[rule]\nrule_id = \"{high:08x}-0000-4000-8000-{low:012x}\"\nname = \"Made-up rule {number}\"\n\
             severity = \"low\"\nrisk_score = 21\ntype = \"eql\"\nlanguage = \"eql\"\nquery = '''\n{query}\n'''\n"
        )
    })
}

/// A clause, and in how many of 1,000 rules it stands: so that constructs are as frequent as in the 823 single-event EQL
/// rules of a public set.
type Clause = (u64, fn(&mut Random) -> String);

/// What a rule looks for; it has at least one of these.
const FINDINGS: &[Clause] = &[
    (350, |random| format!("process.name in ({})", several(random, 1, 8, program))),
    (200, |random| format!("process.name : ({})", several(random, 1, 8, program))),
    (150, |random| format!("process.executable : ({})", several(random, 1, 8, path))),
    (180, |random| format!("process.args like ({})", several(random, 1, 5, argument))),
    (130, |random| format!("process.command_line like~ ({})", several(random, 1, 4, argument))),
    (120, |random| format!("process.args : ({})", several(random, 1, 5, argument))),
    (150, |random| format!("process.args == {}", option(random))),
    (170, |random| format!("?process.parent.name == {}", program(random))),
    (50, |random| format!("stringContains(process.command_line, {})", option(random))),
    (28, |random| format!("startsWith(process.working_directory, {})", folder(random))),
    (24, |random| format!("process.args regex~ \"\"\"{}-?[0-9a-f]{{2,8}}.*\"\"\"", word(random))),
    (20, |random| format!("endsWith~(process.parent.executable, {})", program(random))),
    (6, |random| format!("process.name in~ ({})", several(random, 2, 8, program))),
];

/// What it looks at besides.
const CONDITIONS: &[Clause] = &[
    (190, |random| format!("user.id != \"{}\"", random.below(20))),
    (150, |_| "container.id != null".to_owned()),
    (24, |random| format!("length(process.command_line) > {}", 100 + random.below(900))),
    (23, |random| format!("process.args_count >= {}", 2 + random.below(20))),
    (10, |random| format!("substring(process.name, {}) == {}", random.below(3), program(random))),
    (7, |random| format!("string(process.pid) : \"{}*\"", 1 + random.below(99))),
    (4, |random| format!("cidrMatch(host.ip, \"10.{}.0.0/16\")", 1 + random.below(200))),
    (4, |random| format!("concat(user.name, \"@\", host.name) == \"root@node-{:03}\"", random.below(999))),
    (4, |random| format!("process.pid - process.parent.pid == {}", 1 + random.below(9))),
    (1, |random| format!("indexOf(process.name, {}) == 0", program(random))),
];

/// What it leaves out.
const EXCEPTIONS: &[Clause] = &[
    (180, |random| format!("process.parent.executable : ({})", several(random, 1, 12, path))),
    (130, |random| format!("process.parent.name in ({})", several(random, 1, 6, program))),
    (110, |random| format!("process.executable like ({})", several(random, 1, 8, path))),
    (40, |random| format!("process.parent.args : ({})", several(random, 1, 3, argument))),
    (180, |random| format!("process.parent.name == {}", program(random))),
    (150, |random| format!("user.id == \"{}\"", random.below(20))),
];

fn query(random: &mut Random) -> String {
    let system = random.pick(&["linux", "linux", "windows", "windows", "macos"]);
    let mut query = format!("process where host.os.type == \"{system}\" and event.type == \"start\"");
    let mut clauses = drawn(FINDINGS, random);
    while clauses.is_empty() {
        clauses.extend(drawn(FINDINGS, random));
    }
    clauses.extend(drawn(CONDITIONS, random));
    for clause in clauses {
        query += "\n  and ";
        query += &clause;
    }
    let exceptions = drawn(EXCEPTIONS, random);
    if !exceptions.is_empty() {
        query += &format!("\n  and not ({})", exceptions.join(" or\n    "));
    }
    query
}

fn drawn(clauses: &[Clause], random: &mut Random) -> Vec<String> {
    let mut drawn = Vec::new();
    for (share, clause) in clauses {
        if random.below(1000) < *share {
            drawn.push(clause(random));
        }
    }
    drawn
}

fn several(random: &mut Random, fewest: u64, most: u64, item: fn(&mut Random) -> String) -> String {
    let count = fewest + random.below(most - fewest + 1);
    (0..count).map(|_| item(random)).collect::<Vec<_>>().join(", ")
}

/// One in six is a program that events tell of.
fn program(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("\"{}\"", random.pick(PROGRAMS)),
        1 => format!("\"{}.exe\"", word(random)),
        _ => format!("\"{}\"", word(random)),
    }
}

fn path(random: &mut Random) -> String {
    let (folder, name) = (word(random), word(random));
    match random.below(6) {
        0 => format!("\"/usr/bin/{}\"", random.pick(PROGRAMS)),
        1 => format!("\"/opt/{folder}/*\""),
        2 => format!("\"/usr/lib/{folder}/{name}*\""),
        3 => format!("\"?:\\\\Program Files\\\\{folder}\\\\{name}.exe\""),
        4 => format!("\"?:\\\\Program Files (x86)\\\\{folder}\\\\*\\\\{name}*.exe\""),
        _ => format!("\"*\\\\{folder}\\\\{name}\\\\*\""),
    }
}

fn argument(random: &mut Random) -> String {
    let (first, second) = (word(random), word(random));
    match random.below(8) {
        0 => format!("\"-{}*\"", (b'a' + random.below(26) as u8) as char),
        1 => format!("\"/tmp/{first}*\""),
        2 => format!("\"*{first}*{second}*\""),
        3 => format!("\"*/etc/{first}*\""),
        4 => format!("\"--{first}=*\""),
        5 => format!("\"*.{}\"", &first[..3]),
        _ => format!("\"*{first}*\""),
    }
}

fn option(random: &mut Random) -> String {
    format!("\"--{}\"", word(random))
}

fn folder(random: &mut Random) -> String {
    format!("\"/var/{}\"", word(random))
}

/// One of some thousand.
fn word(random: &mut Random) -> String {
    let syllables = 2 + random.below(2);
    (0..syllables).map(|_| random.pick(SYLLABLES)).collect()
}

const SYLLABLES: &[&str] =
    &["ba", "con", "da", "fer", "gi", "ker", "lo", "mon", "net", "pro", "run", "ser", "sys", "tor", "vi"];

/// Some of the programs that made-up events tell of.
const PROGRAMS: &[&str] = &[
    "bash", "sh", "python3", "nginx", "curl", "cat", "ls", "java", "node", "postgres", "sshd", "cron", "sleep", "grep",
    "tail", "docker", "kubectl", "systemd",
];

#[cfg(test)]
mod tests {
    use weir_engine::program::Folding;
    use weir_eql::RuleFile;

    use super::*;

    const MANY: usize = 2_000;

    #[test]
    fn every_rule_compiles() {
        let rule = |(number, text): (usize, String)| {
            RuleFile::parse(format!("{number}.toml"), &text).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
        };
        let rules: Vec<_> = rules(1609, MANY).enumerate().map(rule).collect();
        let program = weir_eql::compile(&rules, Folding::Unicode).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        assert_eq!(program.rules.len(), MANY);
        assert!(program.predicates.len() > 2 * MANY, "only {} predicates", program.predicates.len());
    }

    #[test]
    fn constructs_are_about_as_frequent_as_in_public_rules() {
        let all: Vec<_> = rules(1609, MANY).collect();
        let of_1000 = |construct: &str| all.iter().filter(|text| text.contains(construct)).count() * 1000 / MANY;
        for (construct, expected) in [
            (" == ", 990),
            (" : ", 580),
            ("not (", 560),
            (" in (", 470),
            ("like (", 280),
            ("like~ (", 130),
            ("null", 150),
            ("process.args", 430),
            ("stringContains", 53),
            ("regex~", 24),
        ] {
            let found = of_1000(construct);
            assert!(
                found.abs_diff(expected) < 30 + expected / 3,
                "{construct}: in {found} of 1,000, not in {expected}"
            );
        }
    }
}
