//! Goes through everything that a config names, and gathers what is wrong with it.

use std::net::SocketAddr;
use std::path::Path;

use weir::config::{Bearer, ClientTls, Config, Listen, Remote, ServerTls, Sink, Source};
use weir::exceptions;
use weir::plan;
use weir::tls::{self, TlsError};

use super::probe;

/// What was found so far.
pub(super) struct Checks<'c> {
    config: &'c Config,
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// How many rules there are, if they can be loaded.
    pub(super) rules: usize,
}

impl<'c> Checks<'c> {
    pub(super) fn of(config: &'c Config) -> Self {
        let mut checks = Self { config, errors: Vec::new(), warnings: config.warnings(), rules: 0 };
        checks.check_source();
        checks.check_detect();
        checks.check_sink("sink", &config.sink);
        config.alerts.iter().for_each(|alerts| checks.check_sink("alerts", alerts));
        if let Some(address) = config.metrics.address {
            checks.check_address("metrics", address);
        }
        checks
    }

    fn check_source(&mut self) {
        match &self.config.source {
            Source::Stdin => {}
            Source::File { path } => self.check("source", &["path"], probe::can_read(path)),
            Source::Vector(Listen { address, tls, auth, .. }) | Source::Http(Listen { address, tls, auth, .. }) => {
                self.check_address("source", *address);
                if let Some(config @ ServerTls { crt_file, key_file, ca_file, .. }) = tls {
                    self.check_tls("source", ca_file.as_deref(), Some(crt_file), Some(key_file), || {
                        tls::server(config).map(drop)
                    });
                }
                self.check_token("source", auth.as_ref());
            }
        }
    }

    fn check_detect(&mut self) {
        let detect = &self.config.detect;
        if let Some(folder) = &detect.cache_dir {
            self.check("detect", &["cache_dir"], probe::can_create(folder));
        }
        // The cache would be written to.
        match plan::load_guest(self.config, None) {
            Ok(guest) => {
                self.rules = guest.rules().len();
                self.warnings.extend(exceptions::expiring(guest.exceptions(), exceptions::now()));
            }
            Err(error) => self.errors.push(error.to_string()),
        }
    }

    fn check_sink(&mut self, section: &'static str, sink: &Sink) {
        match sink {
            Sink::Stdout => {}
            Sink::File { path } => {
                let read = if let Source::File { path } = &self.config.source { Some(path.as_path()) } else { None };
                self.check(section, &["path"], probe::can_write(path, read));
            }
            Sink::Vector(Remote { tls, auth, .. }) | Sink::Http(Remote { tls, auth, .. }) => {
                if let Some(config @ ClientTls { ca_file, crt_file, key_file, .. }) = tls {
                    self.check_tls(section, ca_file.as_deref(), crt_file.as_deref(), key_file.as_deref(), || {
                        tls::client(config).map(drop)
                    });
                }
                self.check_token(section, auth.as_ref());
            }
        }
    }

    /// Each file by itself, then `all` of them together.
    fn check_tls(
        &mut self,
        section: &'static str,
        ca: Option<&Path>,
        crt: Option<&Path>,
        key: Option<&Path>,
        all: impl FnOnce() -> Result<(), TlsError>,
    ) {
        let before = self.errors.len();
        for (name, file) in [("ca_file", ca), ("crt_file", crt)] {
            self.check(section, &["tls", name], file.map_or(Ok(()), probe::holds_certificates));
        }
        self.check(section, &["tls", "key_file"], key.map_or(Ok(()), probe::holds_private_key));
        if self.errors.len() == before {
            self.check(section, &["tls"], all().map_err(|error| error.to_string()));
        }
    }

    fn check_token(&mut self, section: &'static str, auth: Option<&Bearer>) {
        if let Some(Bearer { token_file: Some(file), .. }) = auth {
            self.check(section, &["auth", "token_file"], probe::holds_token(file));
        }
    }

    fn check_address(&mut self, section: &'static str, address: SocketAddr) {
        match probe::can_listen(address) {
            Ok(true) => {}
            Ok(false) => self.warnings.push(format!(
                "`{section}.address` {address} is in use now; stop what listens there before you start Weir, unless it is \
                 Weir"
            )),
            Err(error) => self.check(section, &["address"], Err(error)),
        }
    }

    /// Shows what is wrong with the value of a key, if anything.
    fn check(&mut self, section: &'static str, keys: &[&'static str], outcome: Result<(), String>) {
        if let Err(error) = outcome {
            self.errors.push(self.config.blame(section, keys.to_owned(), error).to_string());
        }
    }
}
