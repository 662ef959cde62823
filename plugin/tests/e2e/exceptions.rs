//! Exceptions between two Vectors: what is suppressed in their events, counted, and reloaded.

use std::fs;

use serde_json::Value;

use crate::cli::{clean, lines, matching, suppressed, tagged, wait_until};
use crate::events::{json, log};
use crate::process::Weir;
use crate::receiver::Receiver;

const RULE: &str = include_str!("../../../wasm-guest/rules/container_management_utility.toml");
const ID: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";

fn exception(condition: &str) -> String {
    format!(
        "[[exceptions]]\nname = \"Known builds\"\ncomment = \"OPS-1\"\nrules = [\"{ID}\"]\ncondition = \"{condition}\"\n"
    )
}

/// One that judges by the shipped rule, and excepts events from number 2 on.
fn running(detect: &str, sections: &str) -> Weir {
    let mut weir = Weir::new();
    fs::create_dir(weir.folder.path("rules")).unwrap();
    weir.folder.write("rules/rule.toml", RULE);
    weir.folder.write("rules/known.exceptions.toml", exception("n >= 2"));
    weir.configure(&format!("  rules: [rules]\n{detect}"), sections);
    weir.start();
    weir
}

fn to(receiver: &Receiver) -> String {
    format!("{{type: vector, address: \"{}\"}}", receiver.address)
}

fn arrived(receiver: &Receiver) -> Vec<Value> {
    receiver.events().iter().map(|event| json(event)).collect()
}

fn parsed(events: impl IntoIterator<Item = String>) -> Vec<Value> {
    lines(events).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_rule(weir: &Weir, name: &str) -> u64 {
    weir.count(name, &format!("rule_id=\"{ID}\""))
}

#[test]
fn suppressed_matches_are_marked_or_hidden_counted_and_sent_to_no_alerts() {
    for (detect, second) in [("", suppressed(2, "Known builds")), ("  suppressed: hide", matching(2))] {
        let (all, alerted) = (Receiver::start(), Receiver::start());
        let weir = running(detect, &format!("sink: {}\nalerts: {}", to(&all), to(&alerted)));
        let came = [matching(1), matching(2), clean(3)].map(|event| log(&event));
        weir.producer().push(came.to_vec()).unwrap();
        assert_eq!(arrived(&all), parsed([tagged(1), second, clean(3)]), "{detect}");
        assert_eq!(arrived(&alerted), parsed([tagged(1)]), "{detect}");
        assert_eq!(of_rule(&weir, "weir_matches_total"), 1);
        assert_eq!(of_rule(&weir, "weir_suppressed_matches_total"), 1);
    }
}

#[test]
fn a_push_of_suppressed_matches_alone_asks_no_alerts() {
    let (all, alerted) = (Receiver::start(), Receiver::start());
    let weir = running("", &format!("sink: {}\nalerts: {}", to(&all), to(&alerted)));
    weir.producer().push(vec![log(&matching(2)), log(&matching(3))]).unwrap();
    assert_eq!(arrived(&all), parsed([2, 3].map(|number| suppressed(number, "Known builds"))));
    assert_eq!(alerted.asked(), 0);
}

#[test]
fn an_exceptions_file_that_changes_is_taken_into_use() {
    let all = Receiver::start();
    let weir = running("", &format!("sink: {}", to(&all)));
    let reloads = || weir.count("weir_reloads_total", "outcome=\"ok\"");
    weir.folder.write("rules/known.exceptions.toml", exception("n >= 3"));
    wait_until("a reload", || reloads() >= 1);
    weir.producer().push(vec![log(&matching(2)), log(&matching(3))]).unwrap();
    assert_eq!(arrived(&all), parsed([tagged(2), suppressed(3, "Known builds")]));
    weir.folder.write("rules/more.exceptions.toml", exception("n == 2").replace("Known", "More"));
    wait_until("another reload", || reloads() >= 2);
    weir.producer().push(vec![log(&matching(2))]).unwrap();
    assert_eq!(arrived(&all)[2..], parsed([suppressed(2, "More builds")]));
}
