//! What a config may say, but its author perhaps didn't mean.

use super::clash::host_ip;
use super::network::{Listen, Remote};
use super::{Config, Sink, Source};

/// After so long, Vector's sink tries again (its `src/sinks/util/service.rs`).
const SENDER_TIMEOUT_SECS: u64 = 60;

impl Config {
    /// What is allowed, but may be a mistake: each names the key, and ends with the remedy.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Source::Vector(listen) | Source::Http(listen) = &self.source {
            warn_of_listen(listen, &mut warnings);
        }
        let mut waits = Vec::new();
        for (section, sink) in [("alerts", self.alerts.as_ref()), ("sink", Some(&self.sink))] {
            if let Some(Sink::Vector(remote) | Sink::Http(remote)) = sink {
                warn_of_remote(section, remote, &mut warnings);
                waits.push((format!("`{section}.timeout_secs`"), remote.timeout_secs));
            }
        }
        if matches!(self.source, Source::Vector(_)) {
            warn_of_waits(&waits, &mut warnings);
        }
        warnings
    }
}

fn warn_of_listen(listen: &Listen, warnings: &mut Vec<String>) {
    let address = listen.address;
    match &listen.tls {
        None if !address.ip().is_loopback() => warnings.push(format!(
            "`source.address` is {address}, which other machines may reach, but events come in clear; add `source.tls`, \
             or listen at a loopback address"
        )),
        Some(tls) if tls.ca_file.is_some() && !tls.verify_certificate => warnings.push(
            "`source.tls.ca_file` has no effect, for senders' certificates aren't verified; set `verify_certificate: true`"
                .to_owned(),
        ),
        _ => {}
    }
}

/// A request waits for one sink after the other.
fn warn_of_waits(waits: &[(String, u64)], warnings: &mut Vec<String>) {
    let seconds: u64 = waits.iter().map(|(_, seconds)| seconds).sum();
    if seconds < SENDER_TIMEOUT_SECS {
        return;
    }
    let keys: Vec<_> = waits.iter().map(|(key, _)| key.as_str()).collect();
    let are = if keys.len() == 1 { format!("is {seconds}") } else { format!("are {seconds} together") };
    warnings.push(format!(
        "{} {are}, but a Vector that sends to `source` gives up after {SENDER_TIMEOUT_SECS} s and sends again; stay below \
         that",
        keys.join(" and ")
    ));
}

fn warn_of_remote(section: &str, remote: &Remote, warnings: &mut Vec<String>) {
    let is_here = remote.url().and_then(|url| host_ip(&url)).is_some_and(|ip| ip.is_loopback());
    if !is_here && !remote.is_encrypted() {
        let what = if remote.auth.is_some() { "the token and all events" } else { "events" };
        let address = &remote.address;
        warnings.push(format!(
            "`{section}` sends {what} in clear to `{address}`, which seems to be another machine; add `{section}.tls`, or \
             begin the address with `https://`"
        ));
    }
}
