//! What `weir run` makes of a stream, byte for byte.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::io::Write;
use std::thread;
use std::time::Duration;

use cli::{Folder, assert_same, clean, finish, lines, matching, matching_of, tagged, tagged_of, too_large_of};

/// Events, some of which match, and how they are delivered.
fn numbered(count: usize) -> (String, String) {
    let matches = |number: usize| number.is_multiple_of(100) || number % 1000 < 3;
    let event = |number| if matches(number) { matching(number) } else { clean(number) };
    let delivered = |number| if matches(number) { tagged(number) } else { clean(number) };
    (lines((0..count).map(event)), lines((0..count).map(delivered)))
}

#[test]
fn without_config_or_files_the_shipped_rules_judge_stdin() {
    let ended = Folder::new().run("run", lines([clean(1), matching(2), clean(3)]));
    assert_same(ended.output(), lines([clean(1), tagged(2), clean(3)]));
}

#[test]
fn flags_name_the_files_the_module_and_the_workers() {
    let folder = Folder::new();
    folder.write("in.ndjson", lines([matching(1)]));
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");
    folder.run(&format!("build {rules} -o rules.wasm"), "").output();
    let ended = folder.run("run -m rules.wasm -i in.ndjson -o out.ndjson -w 3", "not read");
    assert_eq!(ended.output(), "");
    assert_same(folder.read("out.ndjson"), lines([tagged(1)]));
}

#[test]
fn paths_in_a_config_are_relative_to_it_and_flags_win() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("conf")).unwrap();
    folder.configure("", "source: {type: file, path: in.ndjson}\nsink: {type: file, path: out.ndjson}");
    std::fs::rename(folder.path("weir.yaml"), folder.path("conf/weir.yaml")).unwrap();
    folder.write("conf/in.ndjson", lines([matching(1)]));
    folder.write("other.ndjson", lines([matching(2)]));

    assert_eq!(folder.run("run -c conf/weir.yaml", "").output(), "");
    assert_same(folder.read("conf/out.ndjson"), lines([tagged(1)]));

    folder.run("run -c conf/weir.yaml -i other.ndjson -o flag.ndjson", "").output();
    assert_same(folder.read("flag.ndjson"), lines([tagged(2)]));
    assert_same(folder.read("conf/out.ndjson"), lines([tagged(1)]));
}

#[test]
fn a_shorter_output_leaves_nothing_of_the_longer_one_before_it() {
    let folder = Folder::new();
    folder.write("out.ndjson", "x".repeat(100_000));
    folder.run("run -c weir.yaml -o out.ndjson", lines([clean(1)])).output();
    assert_same(folder.read("out.ndjson"), lines([clean(1)]));
}

#[test]
fn whatever_is_no_matching_event_goes_on_byte_for_byte() {
    let deep = |depth| [&b"[".repeat(depth)[..], &b"]".repeat(depth)].concat();
    let odd: Vec<Vec<u8>> = [
        &b""[..],
        b"\r",
        b"  \t ",
        b"not JSON",
        b"\"docker\"",
        b"1609",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"}",
        b"{} {}",
        b"\0",
        b"\xff\xfe",
        b"{\"process\":{\"name\":\"do\0cker\"}}",
        b"{\"process\":{\"name\":\"\xff\"}}",
        b"{\"n\":1e400,\"n\":-0.0, \"u\":\"\\ud800\"}",
    ]
    .iter()
    .map(|line| line.to_vec())
    .chain([
        [b"[", matching(1).as_bytes(), b"]"].concat(),
        [b"\xef\xbb\xbf", matching(1).as_bytes()].concat(),
        [matching(1).as_bytes(), b","].concat(),
        matching(1).replace("docker", "do\u{0}cker").into_bytes(),
        deep(100_000),
    ])
    .collect();
    // With a match before and after, so that nothing is mended, swallowed or put into another line.
    let around = |event: String| {
        let joined = odd.iter().map(|line| [event.as_bytes(), line].join(&b'\n')).collect::<Vec<_>>();
        [joined.join(&b'\n'), b"\n".to_vec()].concat()
    };
    let folder = Folder::new();
    for detect in ["", "  batch_bytes: 1"] {
        folder.configure(detect, "");
        let ended = folder.run("run -c weir.yaml", around(matching(7)));
        assert_eq!(ended.code(), 0, "{}", ended.stderr());
        assert_same(ended.stdout(), around(tagged(7)));
    }
}

#[test]
fn a_line_may_end_in_crlf_or_not_at_all() {
    let folder = Folder::new();
    for (input, expected) in [
        (String::new(), String::new()),
        ("\n".into(), "\n".into()),
        ("\n\n\r\n".into(), "\n\n\r\n".into()),
        (clean(1), clean(1)),
        (matching(1), tagged(1)),
        (format!("{}\n{}", matching(1), matching(2)), format!("{}\n{}", tagged(1), tagged(2))),
        (format!("\n{}\r\n\r\n{}\r\n", matching(1), matching(2)), format!("\n{}\r\n\r\n{}\r\n", tagged(1), tagged(2))),
        (format!("{}\r", matching(1)), format!("{}\r", tagged(1))),
        (format!(" \t{} \n", matching(1)), format!(" \t{} \n", tagged(1))),
    ] {
        assert_same(folder.run("run -c weir.yaml", &input).output(), expected);
    }
}

#[test]
fn an_event_that_is_json_but_nested_too_deeply_is_marked() {
    let nested = |depth: usize| {
        format!(r#"{},"d":{}{}"#, matching(1).trim_end_matches('}'), "[".repeat(depth), "]".repeat(depth))
    };
    let ended = Folder::new().run("run -c weir.yaml", lines([nested(10_000) + "}", matching(2)]));
    let marked = nested(10_000) + r#","weir":{"unjudged":"malformed"}}"#;
    assert_same(ended.output(), lines([marked, tagged(2)]));
    assert!(ended.stderr().contains("1  not judged: malformed\n"), "{}", ended.stderr());
}

#[test]
fn order_is_kept_however_many_workers_there_are() {
    let folder = Folder::new();
    let (events, delivered) = numbered(50_000);
    for detect in ["  batch_bytes: 1\n  workers: 1", "  batch_bytes: 1\n  workers: 4", "  workers: 4"] {
        folder.configure(detect, "");
        assert_same(folder.run("run -c weir.yaml", &events).output(), &delivered);
    }
}

#[test]
fn the_sample_gains_bytes_and_loses_none() {
    let sample = include_str!("../../configs/sample.ndjson");
    let output = Folder::new().run("run -c weir.yaml", sample).output();
    let mut tagged = 0;
    for (event, delivered) in sample.split_inclusive('\n').zip(output.split_inclusive('\n')) {
        let mut rest = delivered.bytes();
        assert!(event.bytes().all(|byte| rest.any(|other| other == byte)), "{event}{delivered}");
        tagged += usize::from(event != delivered);
        assert_eq!(event != delivered, delivered.contains(r#""weir":{"matches":[{"rule":"#), "{delivered}");
    }
    assert_eq!(tagged, 20);
    assert_eq!(output.lines().count(), 2000);
}

#[test]
fn tagging_twice_is_tagging_once() {
    let folder = Folder::new();
    let once = folder.run("run -c weir.yaml", lines([clean(1), matching(2)])).output();
    assert_same(folder.run("run -c weir.yaml", &once).output(), &once);
}

#[test]
fn an_event_is_judged_up_to_sixteen_mebibytes_and_marked_beyond() {
    let folder = Folder::new();
    folder.configure("  deadline_ms: 60000", "");
    let most = 16 << 20;
    let events = [matching_of(most), matching_of(most + 1), matching_of(17 << 20), matching(1)];
    let delivered = [tagged_of(most), too_large_of(most + 1), too_large_of(17 << 20), tagged(1)];
    let ended = folder.run("run -c weir.yaml", lines(events));
    assert_same(ended.output(), lines(delivered));
    assert!(ended.stderr().contains("2  not judged: too_large\n"), "{}", ended.stderr());
}

/// With `max_event_bytes: 1024`, so 4096 bytes are held.
fn of_all_sizes() -> (String, String) {
    let sizes = [500, 1023, 1024, 1025, 4095, 4096, 4097, 5000, 300_000, 600];
    let deliver = |bytes: &usize| match bytes {
        ..=1024 => tagged_of(*bytes),
        1025..=4096 => too_large_of(*bytes),
        // Far too large: not even held, so it can't be marked.
        4097.. => matching_of(*bytes),
    };
    (lines(sizes.iter().map(|bytes| matching_of(*bytes))), lines(sizes.iter().map(deliver)))
}

#[test]
fn what_becomes_of_an_event_depends_on_its_size_but_not_on_how_it_came() {
    let folder = Folder::new();
    let (events, delivered) = of_all_sizes();
    for (batch_bytes, chunk) in
        [(1, 1 << 20), (1, 777), (5000, 4096), (100_000, 1300), (1 << 20, 4097), (1 << 20, 1 << 20)]
    {
        folder.configure(&format!("  max_event_bytes: 1024\n  batch_bytes: {batch_bytes}"), "");
        let mut child = folder.weir("run -c weir.yaml").spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let chunks = events.as_bytes().chunks(chunk).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let writer = thread::spawn(move || {
            for chunk in chunks {
                stdin.write_all(&chunk).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let ended = cli::collect(child);
        writer.join().unwrap();
        assert_same(ended.output(), &delivered);
        let stderr = ended.stderr();
        assert!(
            stderr.contains("weir: 10 events in, 10 out") && stderr.contains("6  not judged: too_large"),
            "{stderr}"
        );
    }
}

#[test]
fn an_endless_event_without_a_newline_is_passed_on_to_its_last_byte() {
    let folder = Folder::new();
    folder.configure("  max_event_bytes: 1024", "");
    let event = matching_of(1_000_000);
    assert_same(finish(folder.weir("run -c weir.yaml").spawn().unwrap(), &event).output(), event);
}
