//! What `weir validate` says of configs, and that it leaves everything as it was.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use cli::Folder;

const RULE: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");

/// A folder with what a config may name.
fn folder() -> Folder {
    let folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("weir.crt", made.cert.pem());
    folder.write("weir.key", made.signing_key.serialize_pem());
    folder.write("token", "s3cret\n");
    folder.write("in.ndjson", cli::clean(1));
    folder.write("out.ndjson", "kept");
    folder.write("garbage", "garbage");
    fs::create_dir(folder.path("rules")).unwrap();
    folder.write("rules/rule.toml", RULE);
    folder.write("bad.toml", RULE.replace("process where", "process whre"));
    folder
}

#[test]
fn a_config_that_can_be_run_is_ok_and_outlined() {
    let folder = folder();
    for (detect, sections, outline) in [
        ("", "", "  stdin → 6 rules → stdout\n"),
        (
            "  rules: [rules]\n  memory_mib: 128",
            "source: {type: file, path: in.ndjson}\nsink: {type: file, path: new.ndjson}",
            "  file in.ndjson → 1 rule → file new.ndjson\n",
        ),
        (
            "",
            "
source:
  type: vector
  address: 127.0.0.1:0
  tls: {crt_file: weir.crt, key_file: weir.key, ca_file: weir.crt, verify_certificate: true}
sink: {type: vector, address: 'vector.example:1', tls: {ca_file: weir.crt, crt_file: weir.crt, key_file: weir.key}}
alerts: {type: http, uri: 'https://logs.example/a?key=k', auth: {strategy: bearer, token_file: token}}
metrics: {address: '127.0.0.1:0'}",
            "  vector at 127.0.0.1:0 → 6 rules → vector at vector.example:1\n  alerts → http at https://logs.example/a\n",
        ),
    ] {
        folder.configure(detect, sections);
        let before = folder.names();
        let ended = folder.run("validate weir.yaml", "");
        assert_eq!(ended.output(), format!("weir.yaml: ok\n{outline}"));
        assert_eq!((ended.stderr(), folder.names()), (String::new(), before), "{sections}");
    }
}

#[test]
fn what_cannot_be_used_is_shown_where_it_was_written() {
    let folder = folder();
    symlink("in.ndjson", folder.path("link")).unwrap();
    let zeros = format!("  sha256: '{}'", "0".repeat(64));
    for (detect, sections, what, place, remedy) in [
        ("  module: none.wasm", "", "cannot read module `none.wasm`: No such", "module: none.wasm", "build one with"),
        ("  module: garbage", "", "module `garbage` isn't WebAssembly", "module: garbage", "build a module with"),
        (&zeros, "", "module `shipped rules` has SHA-256 ", "sha256: '0", "restore the pinned module"),
        ("  rules: [none]", "", "cannot read `none`: No such file", "rules:", "give rule files, or folders"),
        ("", "source: {type: file, path: none}", "cannot read `none`: No such file", "path: none", "check the path"),
        ("", "source: {type: file, path: .}", "cannot read `.`: is a directory", "path: .", "check the path"),
        ("", "sink: {type: file, path: none/out}", "cannot write `none/out`: No such", "path: none/out", "check the"),
        (
            "",
            "alerts: {type: file, path: token/out}",
            "cannot write `token/out`: Not a dir",
            "path: token",
            "check the",
        ),
        (
            "",
            "sink: {type: file, path: rules}",
            "cannot write `rules`: is a directory",
            "path: rules",
            "check the path",
        ),
        (
            "",
            "source: {type: file, path: in.ndjson}\nsink: {type: file, path: link}",
            "`link` is also the input",
            "path: link",
            "choose another file",
        ),
        (
            "",
            "source: {type: vector, address: '192.0.2.1:6000', tls: {crt_file: weir.crt, key_file: weir.key}}",
            "cannot listen at 192.0.2.1:6000: ",
            "address: '192",
            "write an IP address of this machine",
        ),
        ("", "metrics: {address: '192.0.2.1:1'}", "cannot listen at 192.0.2.1:1: ", "address: '192", "write an IP"),
        (
            "",
            "source: {type: vector, address: '127.0.0.1:0', tls: {crt_file: none, key_file: weir.key}}",
            "cannot read `none`: No such file",
            "crt_file: none",
            "check the path",
        ),
        (
            "",
            "source: {type: vector, address: '127.0.0.1:0', tls: {crt_file: weir.crt, key_file: weir.crt}}",
            "`weir.crt` can't be used",
            "key_file: weir.crt",
            "it must hold a private key in PEM",
        ),
        (
            "",
            "sink: {type: http, uri: 'https://logs.example/', tls: {ca_file: garbage}}",
            "`garbage` can't be used",
            "ca_file: garbage",
            "it must hold certificates in PEM",
        ),
        (
            "",
            "sink: {type: http, uri: 'https://logs.example/', auth: {strategy: bearer, token_file: bad.toml}}",
            "`bad.toml` can't be used",
            "token_file: bad.toml",
            "it must hold the token",
        ),
    ] {
        folder.configure(detect, sections);
        let before = folder.names();
        let message = folder.run("validate weir.yaml", "").complaint(78);
        assert!(message.starts_with(&format!("error: {what}")), "{what}\n{message}");
        let line = message.lines().find(|line| line.contains(place)).expect(&message);
        assert!(message.contains("--> weir.yaml:") && line.contains('|'), "{message}");
        assert!(message.contains(&format!("= help: {remedy}")), "{message}");
        assert!(message.ends_with("error: 1 error in 1 file; nothing was run\n"), "{message}");
        assert_eq!((folder.names(), folder.read("out.ndjson").as_str()), (before, "kept"), "{what}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = folder();
    folder.configure(
        "  rules: [bad.toml]",
        "source: {type: file, path: none}\nsink: {type: file, path: none/out}\nalerts: {type: file, path: out.ndjson}",
    );
    folder.write("typo.yaml", "detect: {worker: 1}");
    folder.write("good.yaml", "");
    let ended = folder.run("validate weir.yaml typo.yaml none.yaml good.yaml", "");
    let message = ended.complaint(78);
    for part in [
        "cannot read `none`",
        "whre",
        "bad.toml:",
        "cannot write `none/out`",
        "unknown key `worker` in `detect`\n --> typo.yaml:1:10",
        "can't read the config file `none.yaml`",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
    assert!(message.ends_with("error: 5 errors in 4 files; nothing was run\n"), "{message}");
    assert_eq!(ended.stdout(), "good.yaml: ok\n  stdin → 6 rules → stdout\n".as_bytes());
    assert_eq!(folder.read("out.ndjson"), "kept");
}

#[test]
fn what_may_be_a_mistake_is_warned_of_but_passes() {
    let folder = folder();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    folder.configure(
        "",
        &format!("source: {{type: vector, address: '{address}'}}\nsink: {{type: vector, address: 'vector.example:1'}}"),
    );
    let ended = folder.run("validate weir.yaml", "");
    let warnings = ended.stderr();
    let warnings: Vec<&str> = warnings.lines().collect();
    let [in_clear, in_use] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(in_clear.starts_with("warning: weir.yaml: `sink` sends events in clear to"), "{in_clear}");
    assert!(in_use.starts_with(&format!("warning: weir.yaml: `source.address` {address} is in use now; ")), "{in_use}");
    assert!(ended.output().starts_with("weir.yaml: ok\n"));
    other.set_nonblocking(true).unwrap();
    assert!(other.accept().is_err(), "nobody was connected to");
}

#[test]
fn a_pipe_is_not_opened_and_no_compiled_module_is_kept() {
    let folder = folder();
    folder.shell("mkfifo pipe").output();
    folder.write(
        "weir.yaml",
        "{source: {type: file, path: pipe}, sink: {type: file, path: pipe.out}, detect: {cache_dir: c}}",
    );
    assert!(folder.run("validate weir.yaml", "").output().starts_with("weir.yaml: ok\n"));
    assert!(!folder.path("c").exists() && !folder.path("pipe.out").exists());
}

#[test]
fn a_full_disk_behind_stdout_ends_it_with_one() {
    let message = folder().shell("weir validate weir.yaml > /dev/full").complaint(1);
    assert_eq!(message, "error: writing stdout failed: No space left on device (os error 28)\n");
}

#[test]
fn secrets_are_not_shown() {
    let folder = folder();
    folder.configure(
        "",
        "sink: {type: http, uri: 'https://logs.example/', tls: {ca_file: none}, auth: {strategy: bearer, token: s3cret}}",
    );
    let message = folder.run("validate weir.yaml", "").complaint(78);
    assert!(message.contains("token: ******") && !message.contains("s3cret"), "{message}");
}
