//! What the config file says of the network, what it is warned of, and how errors that come later are placed in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use weir::config::{Bearer, ClientTls, Compression, Config, ConfigError, Listen, Remote, ServerTls, Sink, Source};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("weir.yaml"))
}

#[test]
fn the_network_is_configured_as_in_vector() {
    let text = "
source:
  type: http
  address: '[::1]:8443'
  tls: {crt_file: a, key_file: b, ca_file: c, verify_certificate: true}
  auth: {strategy: bearer, token: s3cret}
  in_flight_mib: 128
  max_connections: 2
sink: {type: vector, address: 'vector.example:6000', compression: zstd, timeout_secs: 5, tls: {server_name: v}}
alerts:
  type: http
  uri: https://[::1]/alerts?a=b
  tls: {ca_file: d, crt_file: e, key_file: f}
  auth: {strategy: bearer, token_file: g}
";
    let config = Config::parse(text, Path::new("/w/weir.yaml")).unwrap();
    let listen = Listen {
        address: "[::1]:8443".parse().unwrap(),
        tls: Some(ServerTls {
            crt_file: "/w/a".into(),
            key_file: "/w/b".into(),
            ca_file: Some("/w/c".into()),
            verify_certificate: true,
        }),
        auth: Some(Bearer { token: Some("s3cret".to_owned().into()), token_file: None }),
        in_flight_mib: 128,
        max_connections: 2,
    };
    assert_eq!(config.source, Source::Http(listen));
    let sink = Remote {
        address: "vector.example:6000".to_owned(),
        compression: Compression::Zstd,
        timeout_secs: 5,
        tls: Some(ClientTls { server_name: Some("v".to_owned()), ..ClientTls::default() }),
        auth: None,
    };
    assert_eq!(config.sink, Sink::Vector(sink));
    let tls = ClientTls {
        ca_file: Some("/w/d".into()),
        crt_file: Some("/w/e".into()),
        key_file: Some("/w/f".into()),
        server_name: None,
    };
    let alerts = Remote {
        address: "https://[::1]/alerts?a=b".to_owned(),
        compression: Compression::None,
        timeout_secs: 25,
        tls: Some(tls),
        auth: Some(Bearer { token: None, token_file: Some("/w/g".into()) }),
    };
    assert_eq!(config.alerts, Some(Sink::Http(alerts)));
    assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
}

#[test]
fn a_source_listens_where_only_this_machine_reaches_it_unless_told_otherwise() {
    for (of_type, address) in [("vector", "127.0.0.1:6000"), ("http", "127.0.0.1:8080")] {
        let (Source::Vector(listen) | Source::Http(listen)) =
            parse(&format!("source: {{type: {of_type}}}")).unwrap().source
        else {
            panic!("{of_type}");
        };
        assert_eq!(listen, Listen { address: address.parse().unwrap(), ..Listen::default() });
    }
}

#[test]
fn addresses_are_taken_with_and_without_a_scheme() {
    for (address, encrypted) in [
        ("vector:6000", Some(false)),
        ("10.0.0.1:6000", Some(false)),
        ("[::1]:6000", Some(false)),
        ("http://vector:80", Some(false)),
        ("https://vector:443/", Some(true)),
        ("vector", None),
        ("vector:", None),
        (":6000", None),
        ("vector:70000", None),
        ("::1:6000", None),
        ("ftp://vector:6000", None),
        ("http://http://vector:6000", None),
        ("me@vector:6000", None),
        ("vector:6000/path", None),
        ("vector:6000?a=b", None),
    ] {
        let config = parse(&format!("sink: {{type: vector, address: {address:?}}}"));
        let found = config.ok().map(|config| match config.sink {
            Sink::Vector(remote) => remote.is_encrypted(),
            other => panic!("{other:?}"),
        });
        assert_eq!(found, encrypted, "{address}");
    }
}

#[test]
fn what_is_likely_not_meant_is_warned_of() {
    for (text, expected) in [
        ("source: {type: vector}", &[][..]),
        ("source: {type: vector, address: '[::1]:6000'}", &[]),
        (
            "source: {type: vector, address: '0.0.0.0:6000'}",
            &["`source.address` is 0.0.0.0:6000, which other machines"],
        ),
        ("source: {type: http, address: '0.0.0.0:1', tls: {crt_file: a, key_file: b}}", &[]),
        ("source: {type: http, tls: {crt_file: a, key_file: b, ca_file: c}}", &["`source.tls.ca_file` has no effect"]),
        ("sink: {type: vector, address: 'localhost:6001'}", &[]),
        ("sink: {type: vector, address: 'vector:6001'}", &["`sink` sends events in clear to `vector:6001`"]),
        ("sink: {type: vector, address: 'vector:6001', tls: {}}", &[]),
        ("sink: {type: http, uri: 'https://vector/'}", &[]),
        (
            "alerts: {type: http, uri: 'http://vector/', auth: {strategy: bearer, token: s3cret}}",
            &["`alerts` sends the token and all events in clear to `http://vector/`"],
        ),
        (
            "{source: {type: vector}, sink: {type: vector, address: 'localhost:6001', timeout_secs: 60}}",
            &["`sink.timeout_secs` is 60, but a Vector"],
        ),
        ("{sink: {type: vector, address: 'localhost:6001', timeout_secs: 60}}", &[]),
        (
            "{source: {type: http}, sink: {type: vector, address: 'localhost:6001', timeout_secs: 50}, alerts: {type: http, \
             uri: 'http://localhost:6002', timeout_secs: 20}}",
            &[],
        ),
        (
            "{source: {type: vector}, sink: {type: vector, address: 'localhost:6001', timeout_secs: 35}, alerts: {type: \
             http, uri: 'http://localhost:6002'}}",
            &["`alerts.timeout_secs` and `sink.timeout_secs` are 60 together, but a Vector"],
        ),
    ] {
        let warnings = parse(text).unwrap().warnings();
        assert_eq!(warnings.len(), expected.len(), "{text}: {warnings:?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            assert!(warning.starts_with(expected) && warning.contains("; "), "{warning}");
        }
    }
}

#[test]
fn what_is_found_later_is_shown_where_it_was_written() {
    let text = "source:\n  type: http\n  tls:\n    crt_file: weir.crt\n    key_file: weir.key\ndetect: {}\n";
    let mut config = parse(text).unwrap();
    let refuse = |config: &Config, section, keys| {
        config.refuse(section, keys, "it is bad".to_owned(), "mend it".to_owned()).to_string()
    };
    for (section, keys, line) in [
        ("source", vec!["tls", "crt_file"], "4 |     crt_file: weir.crt\n  |     ^^^^^^^^^^^^^^^^^^\n"),
        ("source", vec!["tls", "ca_file"], "3 |   tls:\n  |   ^^^\n"),
        ("source", vec!["address"], "1 | source:\n  | ^^^^^^\n"),
    ] {
        let error = refuse(&config, section, keys);
        assert!(error.starts_with("error: it is bad\n --> weir.yaml:") && error.contains(line), "{error}");
        assert!(error.ends_with("  = help: mend it"), "{error}");
    }
    let blamed = config.blame("source", vec!["type"], "it is bad; really; mend it").to_string();
    assert!(blamed.starts_with("error: it is bad; really\n --> weir.yaml:2:3\n"), "{blamed}");
    // What isn't written there can't be shown there.
    let plain = "error: it is bad; mend it";
    assert_eq!(refuse(&config, "sink", vec!["path"]), plain);
    assert_eq!(refuse(&Config::default(), "source", vec!["type"]), plain);
    config.source = Source::File { path: "by/flag".into() };
    assert_eq!(refuse(&config, "source", vec!["path"]), plain);
}
