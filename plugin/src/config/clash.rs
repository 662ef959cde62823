//! Finds what two sections can't have at the same time: one file, one address, or a way from the sink into the source.

use std::net::{IpAddr, SocketAddr};
use std::path::{Component, Path, PathBuf};

use reqwest::Url;

use super::fault::Problem;
use super::network::{Listen, Remote};
use super::{Config, Sink, Source};

pub(super) fn find(config: &Config) -> Option<Problem> {
    let alerts = config.alerts.as_ref();
    let sinks = [Some(("sink", &config.sink)), alerts.map(|alerts| ("alerts", alerts))];
    if let Some(problem) = alerts.and_then(|alerts| same_sink(&config.sink, alerts)) {
        return Some(problem);
    }
    sinks
        .into_iter()
        .flatten()
        .find_map(|(section, sink)| from_sink_to_source(section, sink, &config.source))
        .or_else(|| same_address(config))
}

fn same_sink(sink: &Sink, alerts: &Sink) -> Option<Problem> {
    let (key, what, remedy) = match (sink, alerts) {
        (Sink::Stdout, Sink::Stdout) => ("type", "write to standard output", "write one of them to a file"),
        (Sink::File { path }, Sink::File { path: other }) if plain(path) == plain(other) => {
            ("path", "write the same file", "choose another file for one of them")
        }
        (Sink::Vector(sink), Sink::Vector(alerts)) if sink.url() == alerts.url() => {
            ("address", "send to the same address", "choose another address for one of them")
        }
        (Sink::Http(sink), Sink::Http(alerts)) if sink.url() == alerts.url() => {
            ("uri", "send to the same URL", "choose another URL for one of them")
        }
        _ => return None,
    };
    let (what, remedy) = (format!("`sink` and `alerts` {what}"), remedy.to_owned());
    Some(Problem { places: vec![vec!["alerts", key]], what, remedy })
}

fn from_sink_to_source(section: &'static str, sink: &Sink, source: &Source) -> Option<Problem> {
    let (key, what, remedy) = match (sink, source) {
        (Sink::File { path }, Source::File { path: read }) if plain(path) == plain(read) => {
            ("path", "writes the file that `source` reads", "choose another file")
        }
        (Sink::Vector(remote), Source::Vector(listen)) if leads_to(remote, listen) => {
            ("address", "sends to `source`, so that events would go round in circles", "write the receiver's address")
        }
        (Sink::Http(remote), Source::Http(listen)) if leads_to(remote, listen) => {
            ("uri", "sends to `source`, so that events would go round in circles", "write the receiver's URL")
        }
        _ => return None,
    };
    Some(Problem { places: vec![vec![section, key]], what: format!("`{section}` {what}"), remedy: remedy.to_owned() })
}

fn same_address(config: &Config) -> Option<Problem> {
    let (Source::Vector(listen) | Source::Http(listen)) = &config.source else { return None };
    let metrics = config.metrics.address?;
    let is_same =
        listen.address.port() == metrics.port() && metrics.port() != 0 && overlap(listen.address.ip(), metrics.ip());
    is_same.then(|| Problem {
        places: vec![vec!["metrics", "address"]],
        what: format!("`source` and `metrics` listen at the same address, {metrics}"),
        remedy: "choose another port for one of them".to_owned(),
    })
}

/// As far as that can be told without asking for the host's address.
fn leads_to(remote: &Remote, listen: &Listen) -> bool {
    let Some(url) = remote.url() else { return false };
    url.port_or_known_default() == Some(listen.address.port())
        && host_ip(&url).is_some_and(|ip| overlap(ip, listen.address.ip()))
}

/// Does who listens at one of these hear the other?
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_unspecified() || other.is_unspecified() && one.is_loopback()
}

/// The address that the URL's host certainly has.
pub(super) fn host_ip(url: &Url) -> Option<IpAddr> {
    match url.host_str()?.trim_matches(['[', ']']) {
        "localhost" => Some(SocketAddr::from(([127, 0, 0, 1], 0)).ip()),
        host => host.parse().ok(),
    }
}

/// Without steps that lead nowhere.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}
