//! `weir build --for fluent-bit`: what it makes, what it refuses, and what else can be done with the outcome.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use cli::Folder;

const RULE: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");

#[test]
fn a_filter_is_built_the_same_twice_and_tells_its_rules_and_exceptions() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    let exception =
        "[[exceptions]]\nname = 'Builds'\ncomment = 'OPS-1'\nrules = 'all'\ncondition = 'process.pid == 1'\n";
    folder.write("known.exceptions.toml", exception);
    let build = "build rule.toml known.exceptions.toml --for fluent-bit -o";
    let said = folder.run(&format!("{build} filter.wasm"), "").complaint(0);
    assert!(said.starts_with("weir: 1 rule with 1 exception → filter.wasm ("), "{said}");
    folder.run(&format!("{build} again.wasm"), "").output();
    folder.shell("cmp filter.wasm again.wasm").output();

    let filter = folder.run("inspect filter.wasm", "").output();
    assert!(
        filter.contains("\nkind    core module, for Fluent Bit's `wasm` filter, function `weir_filter`\n"),
        "{filter}"
    );
    folder.run("build rule.toml known.exceptions.toml -o detector.wasm", "").output();
    let detector = folder.run("inspect detector.wasm", "").output();
    let what_it_detects = |told: &str| told[told.find("fields").unwrap()..].to_owned();
    assert_eq!(what_it_detects(&filter), what_it_detects(&detector));
    let guide = "guide rule -m";
    let guides = ["filter.wasm", "detector.wasm"].map(|module| folder.run(&format!("{guide} {module}"), "").output());
    assert_eq!(guides[0], guides[1]);
}

#[test]
fn an_exception_with_a_window_is_refused_by_name() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    for window in ["not_before = 2026-01-01T00:00:00Z", "expires = 2126-01-01T00:00:00Z"] {
        let exception =
            "[[exceptions]]\nname = 'Builds'\ncomment = 'OPS-1'\nrules = 'all'\ncondition = 'process.pid == 1'\n";
        folder.write("known.exceptions.toml", format!("{exception}{window}\n"));
        let said =
            folder.run("build rule.toml known.exceptions.toml --for fluent-bit -o filter.wasm", "").complaint(78);
        assert_eq!(
            said,
            "error: exception `Builds` has `not_before` or `expires`, but a filter for Fluent Bit has no clock to heed \
             them; remove them, or keep the exception out of this module\n"
        );
    }
    assert!(!folder.path("filter.wasm").exists());
}

#[test]
fn neither_kind_of_module_is_taken_for_the_other() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.run("build rule.toml --for fluent-bit -o filter.wasm", "").output();
    let said = folder.run("run -m filter.wasm", "").complaint(78);
    assert!(said.contains("build it with `weir build` (without `--for fluent-bit`)"), "{said}");
    folder.write("core.wasm", b"\0asm\x01\0\0\0");
    let said = folder.run("inspect core.wasm", "").complaint(78);
    let expected = "error: module `core.wasm` is no filter that Fluent Bit could use: it doesn't export the function \
                    `weir_filter`; rebuild it with `weir build --for fluent-bit`\n";
    assert_eq!(said, expected);
}
