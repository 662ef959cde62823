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
        for (section, sink) in [("sink", Some(&self.sink)), ("alerts", self.alerts.as_ref())] {
            if let Some(Sink::Vector(remote) | Sink::Http(remote)) = sink {
                warn_of_remote(section, remote, &mut warnings);
                let asks_twice = matches!(self.source, Source::Vector(_)) && remote.timeout_secs >= SENDER_TIMEOUT_SECS;
                if asks_twice {
                    warnings.push(format!(
                        "`{section}.timeout_secs` is {}, but a Vector that sends to `source` gives up after \
                         {SENDER_TIMEOUT_SECS} s and sends again; set it below that",
                        remote.timeout_secs
                    ));
                }
            }
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
