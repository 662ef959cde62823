//! The two ends of the stream, of whatever type.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::network::{Listen, Remote, http_listen, http_remote, vector_listen, vector_remote};

/// Where the events come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum Source {
    /// Standard input, until it ends: newline-delimited JSON.
    #[default]
    Stdin,
    /// A file, from its start to its end: newline-delimited JSON.
    File {
        /// The file to read.
        path: PathBuf,
    },
    /// Vectors that have a sink of type `vector`; each is answered when its events are delivered.
    #[schemars(transform = vector_listen)]
    Vector(Listen),
    /// Whoever posts newline-delimited JSON, or an array of it; each is answered when its events are delivered.
    #[schemars(transform = http_listen)]
    Http(Listen),
}

/// Where the events go, tagged or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum Sink {
    /// Standard output.
    #[default]
    Stdout,
    /// A file.
    File {
        /// The file to write.
        path: PathBuf,
    },
    /// A Vector that has a source of type `vector`.
    #[schemars(transform = vector_remote)]
    Vector(Remote),
    /// A server that takes newline-delimited JSON.
    #[schemars(transform = http_remote)]
    Http(Remote),
}

impl Source {
    /// Its `type`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::File { .. } => "file",
            Self::Vector(_) => "vector",
            Self::Http(_) => "http",
        }
    }

    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let (path, network) = match self {
            Self::Stdin => (None, None),
            Self::File { path } => (Some(path), None),
            Self::Vector(listen) | Self::Http(listen) => (None, Some(listen.paths())),
        };
        path.into_iter().chain(network.into_iter().flatten())
    }
}

impl Sink {
    /// Its `type`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File { .. } => "file",
            Self::Vector(_) => "vector",
            Self::Http(_) => "http",
        }
    }

    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let (path, network) = match self {
            Self::Stdout => (None, None),
            Self::File { path } => (Some(path), None),
            Self::Vector(remote) | Self::Http(remote) => (None, Some(remote.paths())),
        };
        path.into_iter().chain(network.into_iter().flatten())
    }
}
