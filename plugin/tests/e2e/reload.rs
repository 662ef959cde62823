//! Rules, module and config that change while events flow: no event is lost or judged twice, and what is wrong stays out.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::cli::{Folder, clean, lines, matching, wait_until};
use crate::events::{json, log};
use crate::process::{Weir, free_address, request};
use crate::receiver::Receiver;

const RULE: &str = include_str!("../../../wasm-guest/rules/container_management_utility.toml");
const ID: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";
const BATCH: usize = 20;

/// The shipped rule, with an id that ends in this digit.
fn rule(digit: usize) -> String {
    RULE.replace(ID, &id(digit))
}

fn id(digit: usize) -> String {
    ID.replace("ef6b50", &format!("ef6b5{digit}"))
}

fn sink(receiver: &Receiver) -> String {
    format!("sink: {{type: vector, address: \"{}\", timeout_secs: 2}}", receiver.address)
}

/// One that judges by `rules/rule.toml`, which is rule 0.
fn running(receiver: &Receiver, watch: bool) -> Weir {
    let mut weir = beginning(receiver, watch);
    weir.wait_for("/health", 200);
    weir
}

/// The same, but it has only just been started.
fn beginning(receiver: &Receiver, watch: bool) -> Weir {
    let mut weir = Weir::new();
    fs::create_dir(weir.folder.path("rules")).unwrap();
    weir.folder.write("rules/rule.toml", rule(0));
    weir.configure("  rules: [rules]", &format!("{}\nreload: {{watch: {watch}}}", sink(receiver)));
    weir.begin();
    weir
}

fn reloads(weir: &Weir, outcome: &str) -> u64 {
    weir.count("weir_reloads_total", &format!("outcome=\"{outcome}\""))
}

/// Makes a change, and waits until it has been taken or refused.
fn after_reload(weir: &Weir, outcome: &str, change: impl FnOnce()) {
    let before = reloads(weir, outcome);
    change();
    wait_until(format!("reload that is {outcome}: {}", weir.stderr()), || reloads(weir, outcome) > before);
}

fn batch(first: usize) -> Vec<Vec<u8>> {
    (first..first + BATCH).map(|number| log(&matching(number))).collect()
}

/// Pushes matching events from two senders until `work` is done; how many. None of the pushes may fail.
fn under_load(weir: &Weir, work: impl FnOnce()) -> usize {
    let (done, next) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut producer = weir.producer();
                while !done.load(Ordering::SeqCst) {
                    let first = next.fetch_add(BATCH, Ordering::SeqCst);
                    producer.push(batch(first)).unwrap();
                }
            });
        }
        let _done = SetWhenDropped(&done);
        work();
    });
    next.into_inner()
}

/// If the work fails, the senders must end, too.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// By which rules each of the events, which must have arrived once, was found to match.
fn judged_by(receiver: &Receiver, events: usize) -> Vec<Vec<String>> {
    let mut arrived: Vec<_> = receiver.events().iter().map(|event| json(event)).collect();
    arrived.sort_by_key(|event| event["n"].as_u64());
    let numbers: Vec<_> = arrived.iter().map(|event| event["n"].as_u64().unwrap() as usize).collect();
    assert!(numbers == (0..events).collect::<Vec<_>>(), "an event was lost, or has arrived twice");
    let rule = |one: &serde_json::Value| one["rule"]["id"].as_str().unwrap().to_owned();
    arrived.iter().map(|event| event["weir"]["matches"].as_array().unwrap().iter().map(rule).collect()).collect()
}

/// Asserts that each event was judged by one set of rules, the last one by the newest, and that each was in force.
fn assert_judged_once(judged: &[Vec<String>], rules: usize) {
    assert!(judged.iter().all(|ids| ids.len() == 1), "an event was judged by old and new rules");
    for digit in 0..rules {
        assert!(judged.contains(&vec![id(digit)]), "rule {digit} was never in force");
    }
    assert_eq!(judged.last(), Some(&vec![id(rules - 1)]));
}

#[test]
fn a_signal_changes_the_rules_without_losing_an_event_or_judging_it_twice() {
    let receiver = Receiver::start();
    let weir = running(&receiver, false);
    let events = under_load(&weir, || {
        for digit in 1..5 {
            weir.folder.write("rules/rule.toml", rule(digit));
            after_reload(&weir, "ok", || weir.signal("HUP"));
        }
    });
    weir.producer().push(batch(events)).unwrap();
    assert_judged_once(&judged_by(&receiver, events + BATCH), 5);
    assert!(weir.stderr().contains("reloaded: the next batch is judged by the new rules"), "{}", weir.stderr());
}

#[test]
fn files_that_change_are_taken_into_use_by_themselves() {
    let receiver = Receiver::start();
    let weir = running(&receiver, true);
    let folder = &weir.folder;
    let events = under_load(&weir, || {
        after_reload(&weir, "ok", || folder.write("rules/rule.toml", rule(1)));
        folder.write("other.toml", rule(2));
        folder.run("build other.toml -o a.wasm", "").output();
        after_reload(&weir, "ok", || weir.configure("  module: a.wasm", &sink(&receiver)));
        folder.write("other.toml", rule(3));
        folder.run("build other.toml -o b.wasm", "").output();
        after_reload(&weir, "ok", || fs::rename(folder.path("b.wasm"), folder.path("a.wasm")).unwrap());
    });
    weir.producer().push(batch(events)).unwrap();
    assert_judged_once(&judged_by(&receiver, events + BATCH), 4);
}

/// As Kubernetes does it: the files are links into a folder that is itself a link, and only that one changes.
fn swap_config_map(folder: &Folder, digit: usize) {
    let version = format!("..version_{digit}");
    fs::create_dir_all(folder.path(format!("map/{version}"))).unwrap();
    folder.write(&format!("map/{version}/rule.toml"), rule(digit));
    symlink(&version, folder.path("map/..next")).unwrap();
    fs::rename(folder.path("map/..next"), folder.path("map/..data")).unwrap();
}

#[test]
fn a_config_map_that_is_swapped_is_taken_into_use() {
    let receiver = Receiver::start();
    let mut weir = Weir::new();
    swap_config_map(&weir.folder, 0);
    symlink("..data/rule.toml", weir.folder.path("map/rule.toml")).unwrap();
    weir.configure("  rules: [map]", &sink(&receiver));
    weir.start();
    let events = under_load(&weir, || after_reload(&weir, "ok", || swap_config_map(&weir.folder, 1)));
    weir.producer().push(batch(events)).unwrap();
    assert_judged_once(&judged_by(&receiver, events + BATCH), 2);
}

#[test]
fn what_is_wrong_is_refused_and_the_old_stays_in_force() {
    let receiver = Receiver::start();
    let weir = running(&receiver, false);
    weir.folder.write("bad.wasm", "\0asm is no module");
    let good = weir.folder.read("weir.yaml");
    let elsewhere = good.replace(&weir.source.to_string(), &free_address().to_string());
    let bad_rule = rule(1).replace("process where", "process whre");
    let events = under_load(&weir, || {
        for (file, text, complaints) in [
            ("rules/rule.toml", bad_rule, &["rule.toml:", "whre", "`where`"][..]),
            ("weir.yaml", good.replace("timeout_secs", "timeout_sec"), &["weir.yaml:", "timeout_sec", "timeout_secs"]),
            ("weir.yaml", good.replace("rules: [rules]", "module: bad.wasm"), &["bad.wasm", "weir build"]),
            ("weir.yaml", good.replace("rules: [rules]", "rules: [none]"), &["none"]),
            ("weir.yaml", good.replace("sink: {type: vector", "sink: {type: vectr"), &["vectr", "`vector`"]),
            (
                "weir.yaml",
                elsewhere,
                &["`source` can't be changed while weir runs; restart it, or change `source` back"],
            ),
        ] {
            let before = weir.folder.read(file);
            let said = weir.stderr().len();
            weir.folder.write(file, text);
            after_reload(&weir, "failed", || weir.signal("HUP"));
            let stderr = weir.stderr();
            let new = &stderr[said..];
            assert!(new.contains("not reloaded, all stays as it was"), "{new}");
            assert!(complaints.iter().all(|complaint| new.contains(complaint)), "{complaints:?} in {new}");
            weir.folder.write(file, before);
        }
        assert_eq!(reloads(&weir, "ok"), 0);
        after_reload(&weir, "ok", || weir.signal("HUP"));
    });
    assert_judged_once(&judged_by(&receiver, events), 1);
}

#[test]
fn a_bad_file_is_refused_once_not_every_second() {
    let receiver = Receiver::start();
    let weir = running(&receiver, true);
    after_reload(&weir, "failed", || weir.folder.write("rules/rule.toml", "no rule"));
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(reloads(&weir, "failed"), 1, "{}", weir.stderr());
    after_reload(&weir, "ok", || weir.folder.write("rules/rule.toml", rule(1)));
}

#[test]
fn what_a_refused_config_names_is_tried_again_once_it_is_mended() {
    let receiver = Receiver::start();
    let weir = running(&receiver, true);
    let folder = &weir.folder;
    after_reload(&weir, "failed", || weir.configure("  module: detections.wasm", &sink(&receiver)));
    folder.write("other.toml", rule(1));
    after_reload(&weir, "ok", || _ = folder.run("build other.toml -o detections.wasm", "").output());
    assert_eq!(in_force(&weir, &receiver), id(1));
}

/// A change that came while the old was being read, or the old rules compiled, must not go unnoticed.
#[test]
fn what_changes_while_weir_starts_or_reloads_is_taken_into_use() {
    thread::scope(|scope| {
        for moment in [0, 20, 40, 80, 160].map(Duration::from_millis) {
            scope.spawn(move || {
                let receiver = Receiver::start();
                let mut weir = beginning(&receiver, true);
                thread::sleep(moment);
                weir.folder.write("rules/rule.toml", rule(1));
                weir.wait_for("/health", 200);
                wait_until(format!("rule 1 of {moment:?}"), || in_force(&weir, &receiver) == id(1));
                weir.signal("HUP");
                thread::sleep(moment);
                weir.folder.write("rules/rule.toml", rule(2));
                wait_until(format!("rule 2 of {moment:?}"), || in_force(&weir, &receiver) == id(2));
            });
        }
    });
}

/// The rule by which an event is judged now.
fn in_force(weir: &Weir, receiver: &Receiver) -> String {
    weir.producer().push(batch(0)).unwrap();
    let last = json(receiver.events().last().unwrap());
    last["weir"]["matches"][0]["rule"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn senders_go_on_once_the_address_of_a_dead_receiver_is_changed() {
    let (dead, receiver) = (Receiver::dead(), Receiver::start());
    let mut weir = Weir::new();
    weir.configure("", &sink(&dead));
    weir.start();
    weir.producer().push(vec![log(&matching(0))]).unwrap_err();
    weir.configure("", &sink(&receiver));
    after_reload(&weir, "ok", || weir.signal("HUP"));
    weir.producer().push(vec![log(&matching(0))]).unwrap();
    assert_eq!(receiver.events().len(), 1);
}

#[test]
fn a_stream_goes_on_once_the_address_of_a_dead_receiver_is_changed() {
    let (dead, receiver) = (Receiver::dead(), Receiver::start());
    for new_sink in [sink(&receiver), "sink: {type: file, path: out.ndjson}".to_owned()] {
        let mut weir = Weir::new();
        weir.folder.write("in.ndjson", lines((0..100).map(clean)));
        let source = "{type: file, path: in.ndjson}";
        weir.configure_source(source, "", &sink(&dead));
        weir.start();
        wait_until("an attempt", || weir.stderr().contains("cannot deliver; trying again"));
        weir.configure_source(source, "", &new_sink);
        weir.signal("HUP");
        assert_eq!(weir.ended(), 0, "{}", weir.stderr());
        if new_sink.contains("out.ndjson") {
            assert_eq!(weir.folder.read("out.ndjson"), lines((0..100).map(clean)));
        }
    }
    let arrived: Vec<_> = receiver.events().iter().map(|event| json(event)["n"].clone()).collect();
    assert_eq!(arrived, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_reload_empties_no_file_and_finds_one_that_was_moved_away() {
    let mut weir = Weir::new();
    let to = |file: &str| format!("sink: {{type: file, path: {file}}}");
    weir.configure("", &to("a.ndjson"));
    weir.start();
    let mut producer = weir.producer();
    let mut push = |number| producer.push(vec![log(&clean(number))]).unwrap();
    push(1);
    for (file, number) in [("b.ndjson", 2), ("a.ndjson", 3)] {
        weir.configure("", &to(file));
        after_reload(&weir, "ok", || weir.signal("HUP"));
        push(number);
    }
    weir.configure("", &format!("{}\nalerts: {{type: file, path: no/such/folder}}", to("b.ndjson")));
    after_reload(&weir, "failed", || weir.signal("HUP"));
    weir.configure("", &to("a.ndjson"));
    fs::rename(weir.folder.path("a.ndjson"), weir.folder.path("a.ndjson.1")).unwrap();
    after_reload(&weir, "ok", || weir.signal("HUP"));
    push(4);
    for (file, events) in [("a.ndjson.1", 2), ("b.ndjson", 1), ("a.ndjson", 1)] {
        assert_eq!(weir.folder.read(file).lines().count(), events, "{file}");
    }
}

#[test]
fn a_start_that_is_refused_empties_no_file() {
    let folder = Folder::new();
    folder.configure("", "sink: {type: file, path: kept}\nalerts: {type: file, path: no/such/folder}");
    folder.write("kept", "events");
    folder.run("run -c weir.yaml", "").complaint(78);
    assert_eq!(folder.read("kept"), "events");
}

#[test]
fn a_token_that_is_renewed_counts_at_once() {
    let mut weir = Weir::with_source("http");
    weir.folder.write("token", "old");
    let (address, auth) = (weir.source, "{strategy: bearer, token_file: token}");
    weir.configure_source(&format!("{{type: http, address: {address}, auth: {auth}}}"), "", "sink: {type: stdout}");
    weir.start();
    let ask = |token: &str| {
        let head = format!("POST / HTTP/1.1\r\nHost: weir\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n");
        request(address, &format!("{head}Content-Length: 2\r\n\r\n{{}}")).unwrap().0
    };
    assert_eq!((ask("old"), ask("new")), (200, 401));
    after_reload(&weir, "ok", || weir.folder.write("token", "new"));
    assert_eq!((ask("old"), ask("new")), (401, 200));
}
