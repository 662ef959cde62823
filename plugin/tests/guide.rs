//! `weir guide`: what an analyst reads of a rule, from its file, from Weir itself or from a module.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use cli::{Folder, assert_same};

/// A rule that says something everywhere.
const FULL: &str = include_str!("guide/full.toml");
const SHIPPED: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");
const ID: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";
const NAME: &str = "Container Management Utility Run Inside A Container";

#[test]
fn everything_that_a_rule_file_says_is_told_as_markdown() {
    let folder = Folder::new();
    folder.write("full.toml", FULL);
    assert_same(folder.run("guide full.toml", "").output(), include_str!("guide/full.md"));
}

#[test]
fn on_a_terminal_headings_are_bold_and_lines_fit() {
    let folder = Folder::new();
    folder.write("full.toml", FULL);
    let shown = folder.terminal(60, "TERM=xterm weir guide full.toml");
    let shown = shown.replace("\u{1b}[1m", "<b>").replace("\u{1b}[0m", "</b>");
    assert_same(&shown, include_str!("guide/full.terminal.txt"));
    for plain in ["TERM=dumb", "NO_COLOR=1"] {
        let shown = folder.terminal(60, &format!("TERM=xterm; {plain} weir guide full.toml"));
        assert!(!shown.contains('\u{1b}') && shown.starts_with("Shell Started"), "{plain}: {shown}");
    }
    let wide = folder.terminal(200, "weir guide full.toml");
    let mut lengths: Vec<_> = wide.lines().map(|line| line.chars().count()).collect();
    lengths.sort();
    let [.., text, code] = lengths[..] else { panic!("{wide}") };
    assert!((80..=100).contains(&text) && code > 100, "text has {text} columns at most, and code isn't wrapped");
}

#[test]
fn a_shipped_rule_goes_by_its_id_name_or_file_stem() {
    let folder = Folder::new();
    folder.write("rule.toml", SHIPPED);
    let expected = folder.run("guide rule.toml", "").output();
    for called in ["container_management_utility", ID, NAME] {
        assert_same(folder.shell(&format!("weir guide '{called}'")).output(), &expected);
    }
}

#[test]
fn a_module_carries_the_rule_files_that_it_was_made_of() {
    let folder = Folder::new();
    folder.write("full.toml", FULL);
    folder.write("shipped.toml", SHIPPED);
    folder.run("build full.toml shipped.toml -o rules.wasm", "").output();
    let expected = folder.run("guide full.toml", "").output();
    std::fs::remove_file(folder.path("full.toml")).unwrap();
    for called in ["full", "0d9f7c52-5b7d-4d3a-9a53-3f6a4b1c0001", "Shell Started By A Web Server"] {
        assert_same(folder.shell(&format!("weir guide --module rules.wasm '{called}'")).output(), &expected);
    }
}

#[test]
fn the_rule_files_in_a_module_change_nothing_of_what_it_describes() {
    let folder = Folder::new();
    folder.write("rule.toml", SHIPPED);
    folder.run("build rule.toml -o short.wasm", "").output();
    folder.write("rule.toml", format!("{SHIPPED}\n# {}\n", "a long remark ".repeat(10_000)));
    folder.run("build rule.toml -o long.wasm", "").output();
    let told = |module: &str| folder.run(&format!("inspect {module}"), "").output();
    let rules = |told: String| told.split_once("fields").unwrap().1.to_owned();
    assert_eq!(rules(told("short.wasm")), rules(told("long.wasm")));
}

#[test]
fn what_cannot_be_found_is_refused_with_what_can() {
    let folder = Folder::new();
    folder.write("rule.toml", SHIPPED);
    folder.run("build rule.toml -o rules.wasm", "").output();
    folder.write("garbage.wasm", "garbage");
    let rules = weir::rules::read(&[folder.path("rule.toml")]).unwrap();
    folder.write("foreign.wasm", weir::rules::build(&rules).unwrap());
    for (arguments, complaint) in [
        ("nope", "`nope` is neither a rule file nor a rule that Weir ships; give a path, or one of `"),
        ("nope -m rules.wasm", "module `rules.wasm` has no rule with the id, name or file stem `nope`; `weir inspect"),
        ("nope -m none.wasm", "cannot read module `none.wasm`: No such file or directory (os error 2); check the path"),
        ("nope -m garbage.wasm", "module `garbage.wasm` isn't WebAssembly; build a module with `weir build`"),
        ("nope -m foreign.wasm", "module `foreign.wasm` carries no rule files; rebuild it with `weir build`, or"),
    ] {
        let said = folder.run(&format!("guide {arguments}"), "").complaint(78);
        assert!(said.starts_with(&format!("error: {complaint}")), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_shown_where_it_stands() {
    let folder = Folder::new();
    folder.write("rule.toml", SHIPPED.replace("risk_score = 21", "risk_score = 101"));
    let said = folder.run("guide rule.toml", "").complaint(78);
    assert!(said.starts_with("error: `risk_score` is out of range\n"), "{said}");
    assert!(said.ends_with("= help: write a number from 0 to 100\n"), "{said}");
}

#[test]
fn nothing_in_a_rule_is_a_command_to_the_terminal() {
    let folder = Folder::new();
    let note = r#"note = "\u001b[2J\u0007 read\r\nthis\u202e""#;
    let start = FULL.find("note = ").unwrap();
    let end = start + FULL[start..].find("references").unwrap();
    folder.write("rule.toml", [&FULL[..start], note, "\n", &FULL[end..]].concat());
    let shown = folder.run("guide rule.toml", "").output();
    assert!(shown.contains(" read\nthis"), "{shown}");
    assert!(!shown.chars().any(|char| char.is_control() && char != '\n' || char == '\u{202e}'), "{shown:?}");
}

#[test]
fn a_file_stem_that_two_rules_of_a_module_share_is_refused_with_their_ids() {
    let folder = Folder::new();
    for (name, text) in [("a", FULL), ("b", SHIPPED)] {
        std::fs::create_dir(folder.path(name)).unwrap();
        folder.write(&format!("{name}/twin.toml"), text);
    }
    folder.run("build a b -o rules.wasm", "").output();
    let said = folder.run("guide -m rules.wasm twin", "").complaint(78);
    let expected = format!(
        "error: several rules are called `twin`; give the id of one: `0d9f7c52-5b7d-4d3a-9a53-3f6a4b1c0001`, `{ID}`\n"
    );
    assert_eq!(said, expected);
    let expected = folder.run("guide b/twin.toml", "").output();
    assert_same(folder.run(&format!("guide -m rules.wasm {ID}"), "").output(), expected);
}

#[test]
fn a_rule_without_a_description_leaves_no_gap() {
    let folder = Folder::new();
    folder.write(
        "bare.toml",
        "[rule]\nrule_id = \"1-a\"\nname = \"Bare\"\nseverity = \"low\"\nrisk_score = 1\nlanguage = \"eql\"\ntype = \"eql\"\n\
         query = \"any where true\"\n",
    );
    let guide = folder.run("guide bare.toml", "").output();
    assert!(guide.starts_with("# Bare\n\n- Severity: low, risk score 1\n") && !guide.contains("\n\n\n"), "{guide}");
}
