//! Remembers the file that a config was read from, for errors that are found when what it names is opened.

use std::fmt::{self, Debug, Display, Formatter};
use std::path::Path;
use std::sync::Arc;

use super::fault::Problem;
use super::outline::Outline;
use super::{Config, ConfigError};

/// The file, if there was one. Configs that say the same are equal, wherever they stand.
#[derive(Clone, Default)]
pub struct Written(Option<Arc<File>>);

struct File {
    text: String,
    origin: Box<Path>,
    /// As it was read: flags may have replaced parts of it since.
    config: Config,
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

/// Not the text, which may hold secrets.
impl Debug for Written {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let origin = self.0.as_ref().map(|file| &file.origin);
        origin.fmt(f)
    }
}

impl Config {
    pub(super) fn remember(&mut self, text: &str, origin: &Path) {
        let file = File { text: text.to_owned(), origin: origin.into(), config: self.clone() };
        self.written = Written(Some(Arc::new(file)));
    }

    /// The file, if it was read from one.
    pub fn origin(&self) -> Option<&Path> {
        self.written.0.as_ref().map(|file| &*file.origin)
    }

    /// Says that a key's value can't be used, which was found only now: shows where it stands in the file, or, if it
    /// doesn't come from there, only says so. The `keys` lead from the `section` to the value, such as
    /// `["tls", "crt_file"]`.
    pub fn refuse(&self, section: &'static str, keys: Vec<&'static str>, what: String, remedy: String) -> ConfigError {
        let Some(file) = self.written.0.as_ref().filter(|file| self.is_from(file, section)) else {
            return ConfigError(format!("error: {what}; {remedy}"));
        };
        let places = vec![[&[section], &keys[..]].concat()];
        ConfigError(Problem { places, what, remedy }.locate(&file.text).render(&file.text, &file.origin))
    }

    /// [`Self::refuse`] for an `error` that ends with its remedy, after the last semicolon, as Weir's errors do.
    pub fn blame(&self, section: &'static str, keys: Vec<&'static str>, error: impl Display) -> ConfigError {
        let error = error.to_string();
        let (what, remedy) = error.rsplit_once("; ").unwrap_or((&error, "check this key"));
        self.refuse(section, keys, what.to_owned(), remedy.to_owned())
    }

    /// Does what the section says come from the file?
    fn is_from(&self, file: &File, section: &str) -> bool {
        let read = &file.config;
        let is_as_read = match section {
            "source" => self.source == read.source,
            "detect" => self.detect == read.detect,
            "sink" => self.sink == read.sink,
            "alerts" => self.alerts == read.alerts,
            _ => true,
        };
        is_as_read && Outline::of(&file.text).find(&[section]).is_some()
    }
}
