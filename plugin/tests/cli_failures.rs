//! What a user gets to see of `weir` when something is wrong: the exit code, the message, and what is left undamaged.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::Duration;
use std::{fs, thread};

use cli::{Folder, assert_same, clean, finish, lines, matching, tagged};

#[test]
fn what_cannot_be_used_is_named_before_anything_is_read_or_written() {
    let folder = Folder::new();
    let pin = "0".repeat(64);
    folder.write("garbage.wasm", "garbage");
    folder.write("core.wasm", wat::parse_str("(module)").unwrap());
    folder.write("in.ndjson", clean(1));
    folder.write("out.ndjson", "kept");
    for (detect, sections, arguments, complaint) in [
        (
            "",
            "",
            "-m none.wasm",
            "cannot read module `none.wasm`: No such file or directory (os error 2); build one with",
        ),
        ("", "", "-m .", "cannot read module `.`: Is a directory (os error 21); build one with `weir build`"),
        ("", "", "-m garbage.wasm", "module `garbage.wasm` isn't WebAssembly; build a module with `weir build`"),
        ("", "", "-m core.wasm", "module `core.wasm` is a core WebAssembly module, but a detector is a component"),
        (&format!("  sha256: {pin:?}"), "", "", "module `shipped rules` has SHA-256 "),
        ("  worker: 1", "", "", "unknown key `worker` in `detect`"),
        ("", "", "-i none.ndjson", "cannot read `none.ndjson`: No such file or directory (os error 2); check the path"),
        ("", "", "-i .", "cannot read `.`: is a directory; check the path and its permissions"),
        (
            "",
            "",
            "-i in.ndjson -o .",
            "cannot write `.`: Is a directory (os error 21); check the path and its permissions",
        ),
        (
            "",
            "",
            "-i in.ndjson -o none/out",
            "cannot write `none/out`: No such file or directory (os error 2); check the",
        ),
        ("", "metrics: {address: \"192.0.2.1:1\"}", "", "cannot serve metrics at 192.0.2.1:1: Cannot assign requested"),
    ] {
        folder.configure(detect, sections);
        let arguments =
            if arguments.contains("-o") { arguments.to_owned() } else { format!("-o out.ndjson {arguments}") };
        let ended = folder.run(&format!("run -c weir.yaml {arguments}"), clean(1));
        let message = ended.complaint(78);
        assert!(message.starts_with(&format!("error: {complaint}")), "{message}");
        assert_eq!(folder.read("out.ndjson"), "kept", "{complaint}");
    }
    let message = folder.run("run -c none.yaml", "").complaint(78);
    assert!(message.starts_with("error: can't read the config file `none.yaml`: No such file"), "{message}");
}

#[test]
fn a_wrong_flag_ends_with_two_and_the_usage() {
    let folder = Folder::new();
    for arguments in ["", "sun", "run --sun", "run -w 0", "run -w 257", "build", "build rules", "inspect"] {
        let message = folder.run(arguments, "").complaint(2);
        assert!(message.contains("Usage: weir") || message.contains("For more information"), "{message}");
    }
}

#[test]
fn an_output_that_is_also_the_input_is_refused_and_left_whole() {
    let folder = Folder::new();
    let events = lines((0..1000).map(matching));
    folder.write("events.ndjson", &events);
    symlink("events.ndjson", folder.path("symlink")).unwrap();
    fs::hard_link(folder.path("events.ndjson"), folder.path("hardlink")).unwrap();
    for (script, output) in [
        ("weir run -c weir.yaml -i events.ndjson -o events.ndjson", "`events.ndjson`"),
        ("weir run -c weir.yaml -i symlink -o ./events.ndjson", "`./events.ndjson`"),
        ("weir run -c weir.yaml -i events.ndjson -o symlink", "`symlink`"),
        ("weir run -c weir.yaml -i events.ndjson -o hardlink", "`hardlink`"),
        ("weir run -c weir.yaml -o events.ndjson < events.ndjson", "`events.ndjson`"),
        ("weir run -c weir.yaml -i events.ndjson >> hardlink", "stdout"),
        ("weir run -c weir.yaml < events.ndjson >> events.ndjson", "stdout"),
    ] {
        let message = folder.shell(&format!("ulimit -f 10000; {script}")).complaint(78);
        assert_eq!(message, format!("error: {output} is also the input; choose another file for the output\n"));
        assert_same(folder.read("events.ndjson"), &events);
    }
}

#[test]
fn an_address_that_is_taken_is_refused_before_the_output_is_emptied() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    folder.configure("", &format!("metrics: {{address: \"{address}\"}}"));
    folder.write("out.ndjson", "kept");
    let message = folder.run("run -c weir.yaml -o out.ndjson", "").complaint(78);
    assert!(
        message.starts_with(&format!(
            "error: cannot serve metrics at {address}: Address already in use (os error 98)\n --> weir.yaml:4:11\n"
        )),
        "{message}"
    );
    assert!(message.ends_with("= help: set `metrics.address` to a free address of this machine\n"), "{message}");
    assert_eq!(folder.read("out.ndjson"), "kept");
}

#[test]
fn a_reader_that_goes_away_ends_the_run_with_one_and_a_message() {
    let folder = Folder::new();
    folder.write("in.ndjson", lines((0..20_000).map(matching)));
    let ended = folder.shell("weir run -q -c weir.yaml -i in.ndjson | head -1; exit ${PIPESTATUS[0]}");
    assert_eq!(
        ended.complaint(1),
        "error: stdout was closed by its reader; events that it didn't take are not delivered\n"
    );
    assert_same(ended.stdout(), lines([tagged(0)]));
}

#[test]
fn a_full_disk_ends_the_run_with_one_and_its_name() {
    let folder = Folder::new();
    for (script, name) in
        [("weir run -q -c weir.yaml > /dev/full", "stdout"), ("weir run -q -c weir.yaml -o /dev/full", "`/dev/full`")]
    {
        let message = folder.shell(&format!("echo '{}' | {script}", clean(1))).complaint(1);
        let reason = "No space left on device (os error 28)";
        let remedy = "the output ends where it failed, so run again with the same input";
        assert_eq!(message, format!("error: writing {name} failed: {reason}; {remedy}\n"));
    }
}

#[test]
fn an_input_that_cannot_be_read_on_ends_the_run_with_one() {
    let message = Folder::new().shell("weir run -q -c weir.yaml < .").complaint(1);
    assert_eq!(
        message,
        "error: reading stdin failed: Is a directory (os error 21); all events read before it were passed on\n"
    );
}

#[test]
fn on_error_stop_delivers_exactly_the_events_before_the_one_that_cannot_be_judged() {
    let folder = Folder::new();
    let too_large = cli::matching_of(1025);
    let far_too_large = cli::matching_of(200_000);
    let malformed = matching(3).trim_end_matches('}').to_owned();
    for batch_bytes in [1, 1 << 20] {
        let stop = "  on_error: stop\n  max_event_bytes: 1024\n  workers: 4\n  batch_bytes: ";
        folder.configure(&format!("{stop}{batch_bytes}"), "");
        for (event, reason) in [(&too_large, "too_large"), (&far_too_large, "too_large"), (&malformed, "malformed")] {
            let before = |number| {
                if number % 100 == 0 { (matching(number), tagged(number)) } else { (clean(number), clean(number)) }
            };
            let (events, delivered): (Vec<_>, Vec<_>) = (0..2000).map(before).unzip();
            let input = lines(events) + "\n" + event + "\n" + &lines([matching(1), clean(2)]);
            let ended = folder.run("run -q -c weir.yaml", input);
            assert_eq!(
                ended.complaint(1),
                format!(
                    "error: event 2001 couldn't be judged ({reason}), and `on_error` is `stop`; mend the event or the \
                     module, or set `on_error: pass`\n"
                )
            );
            assert_same(ended.stdout(), lines(delivered) + "\n");
        }
    }
}

#[test]
fn a_stderr_that_nobody_reads_stops_nothing() {
    let folder = Folder::new();
    folder.configure("  max_event_bytes: 1024", "");
    folder.write("in.ndjson", lines([cli::matching_of(2000), matching(1)]));
    for script in
        ["weir run -c weir.yaml -i in.ndjson --show-match 2> /dev/full", "weir run -c weir.yaml -i none 2> /dev/full"]
    {
        let ended = folder.shell(script);
        let delivered = lines([cli::too_large_of(2000), tagged(1)]);
        let expected = if script.contains("none") { (78, "") } else { (0, &*delivered) };
        assert_eq!(ended.code(), expected.0);
        assert_same(ended.stdout(), expected.1);
    }
}

#[test]
fn a_stdout_that_is_not_read_in_time_is_waited_for_even_if_it_does_not_block() {
    let folder = Folder::new();
    let events = lines((0..5000).map(clean));
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let child = folder.weir("run -q -c weir.yaml").stdout(Stdio::from(writer)).spawn().unwrap();
    let reading = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        read
    });
    let ended = finish(child, &events);
    assert_eq!((ended.code(), ended.stderr().as_str()), (0, ""));
    assert_same(reading.join().unwrap(), events);
}
